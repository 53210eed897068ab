import BoxModel

/// The colour theme of a desktop.
public enum DesktopTheme: String, Sendable, CaseIterable { case light, dark }

/// The parameters of a desktop request.
public struct DesktopRequest: Sendable, Equatable {
    /// Whether to use noVNC instead of the stream.
    public var vnc: Bool
    /// The theme of the stream.
    public var theme: DesktopTheme?
    /// Whether noVNC gets a URL without an access token, which grants access to anyone who has it.
    public var publicAccess: Bool

    /// A desktop with the server's defaults, except for the given arguments.
    public init(vnc: Bool = false, theme: DesktopTheme? = nil, publicAccess: Bool = false) {
        self.vnc = vnc
        self.theme = theme
        self.publicAccess = publicAccess
    }
}

/// The address of a box's desktop. Its URLs can contain access tokens: treat them as secrets.
public struct DesktopAnswer: APIAnswer {
    public let json: JSON

    /// False when no desktop could be created.
    public var success: Bool { json["success"]?.bool ?? true }
    /// The desktop's URL; nil while there is none.
    public var desktopURL: String? { json["desktopUrl"]?.string.flatMap { $0.isEmpty ? nil : $0 } }
    /// The page that embeds the stream, where the server has one.
    public var viewerURL: String? { json["viewerUrl"]?.string.flatMap { $0.isEmpty ? nil : $0 } }
    /// The machine's IPv4 address.
    public var ip: String? { json["ip"]?.string }
    /// `vnc`, or nil for the stream.
    public var mode: String? { json["mode"]?.string }
    /// Whether the desktop is still being prepared.
    public var provisioning: Bool { json["provisioning"]?.bool ?? false }
    /// What the desktop waits for, for people.
    public var message: String? { json.text("message") }
    /// Whether the desktop can be opened now.
    public var isReady: Bool { desktopURL != nil && !provisioning }
}

extension BoxClient {
    /// Requests a box's desktop once. `POST /boxes/{id}/desktop`. The desktop may not be ready yet.
    ///
    /// - Throws: ``BoxError/api(_:)`` with `machine_not_running`, `box_starting` or `desktop_not_ready`.
    public func desktop(_ id: String, _ request: DesktopRequest = DesktopRequest()) async throws -> DesktopAnswer {
        let body: JSON? = request.publicAccess ? ["publicAccess": true] : nil
        let call = APICall(
            method: .post, path: APIPath.box(id, "desktop"),
            query: [("vnc", request.vnc ? "1" : nil), ("theme", request.theme?.rawValue)], body: body)
        return DesktopAnswer(json: try await send(call))
    }

    /// Requests a box's desktop until it is ready.
    ///
    /// - Parameters:
    ///   - timeout: five minutes by default.
    ///   - onWait: called with each answer that isn't ready. It gets nil for a transient `desktop_not_ready` error.
    /// - Throws: ``BoxError/desktopTimedOut(id:message:seconds:refusal:)``, and the errors of ``desktop(_:_:)`` except
    ///   a transient `desktop_not_ready`.
    public func waitForDesktop(
        _ id: String, _ request: DesktopRequest = DesktopRequest(), timeout: Duration = .seconds(300),
        onWait: @Sendable (DesktopAnswer?) throws -> Void = { _ in }
    ) async throws -> DesktopAnswer {
        var polling = Polling(timeout: timeout, firstPause: .milliseconds(200), maximumPause: .seconds(2))
        while true {
            var answer: DesktopAnswer?
            var message: String?
            var refusal: APIFailure?
            do {
                let given = try await desktop(id, request)
                if given.isReady { return given }
                answer = given
                message = given.message
            } catch BoxError.api(let failure) where failure.code == .desktopNotReady && !failure.isFinal {
                message = failure.message
                refusal = failure
            }
            try onWait(answer)
            guard polling.hasTimeLeft else {
                throw BoxError.desktopTimedOut(
                    id: id, message: message, seconds: Int(timeout.components.seconds), refusal: refusal)
            }
            try await polling.rest(configuration.pause)
        }
    }
}

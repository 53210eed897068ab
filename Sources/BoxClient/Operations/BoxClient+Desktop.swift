import BoxModel

/// In which colours a desktop is shown.
public enum DesktopTheme: String, Sendable, CaseIterable { case light, dark }

/// How a desktop is asked for.
public struct DesktopRequest: Sendable, Equatable {
    /// noVNC instead of the stream.
    public var vnc: Bool
    /// Of the stream.
    public var theme: DesktopTheme?
    /// For noVNC, a URL without an access token: whoever knows it gets in.
    public var publicAccess: Bool

    /// A desktop as the server shows it by itself, unless something is given.
    public init(vnc: Bool = false, theme: DesktopTheme? = nil, publicAccess: Bool = false) {
        self.vnc = vnc
        self.theme = theme
        self.publicAccess = publicAccess
    }
}

/// Where a box's desktop can be seen. Its URLs can hold access tokens: treat them as secrets.
public struct DesktopAnswer: APIAnswer {
    public let json: JSON

    /// False when no desktop could be made.
    public var success: Bool { json["success"]?.bool ?? true }
    /// Where to look; nil while there is nothing.
    public var desktopURL: String? { json["desktopUrl"]?.string.flatMap { $0.isEmpty ? nil : $0 } }
    /// The page around the stream, where the server has one.
    public var viewerURL: String? { json["viewerUrl"]?.string.flatMap { $0.isEmpty ? nil : $0 } }
    /// The machine's IPv4 address.
    public var ip: String? { json["ip"]?.string }
    /// `vnc`, or nil for the stream.
    public var mode: String? { json["mode"]?.string }
    /// Whether it is still being prepared.
    public var provisioning: Bool { json["provisioning"]?.bool ?? false }
    /// What it waits for, for people.
    public var message: String? { json.text("message") }
    /// Whether it can be looked at now.
    public var isReady: Bool { desktopURL != nil && !provisioning }
}

extension BoxClient {
    /// Asks once for a box's desktop. `POST /boxes/{id}/desktop`. It may still be being prepared.
    ///
    /// - Throws: ``BoxError/api(_:)`` with `machine_not_running`, `box_starting` or `desktop_not_ready`.
    public func desktop(_ id: String, _ request: DesktopRequest = DesktopRequest()) async throws -> DesktopAnswer {
        let body: JSON? = request.publicAccess ? ["publicAccess": true] : nil
        let call = APICall(
            method: .post, path: APIPath.box(id, "desktop"),
            query: [("vnc", request.vnc ? "1" : nil), ("theme", request.theme?.rawValue)], body: body)
        return DesktopAnswer(json: try await send(call))
    }

    /// Asks for a box's desktop until it can be looked at.
    ///
    /// - Parameters:
    ///   - timeout: five minutes when not given.
    ///   - onWait: called with each answer that isn't that yet; nil for one with `desktop_not_ready` whose status says that it may
    ///     pass.
    /// - Throws: ``BoxError/desktopTimedOut(id:message:seconds:refusal:)``, and what ``desktop(_:_:)`` throws but
    ///   a `desktop_not_ready` that may pass.
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

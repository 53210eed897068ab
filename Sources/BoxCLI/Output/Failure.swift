import BoxArguments
import BoxClient
import BoxModel
import BoxSSH
import Glibc

/// An error of the API with a next step that only the command knows.
struct AdvisedError: Error, Equatable {
    let error: BoxError
    /// Replaces the error's own message.
    var message: String?
    /// A sentence without a full stop.
    let advice: String
}

/// Why `ssh` never started its command: the cause's message, with the status of a failed connection.
struct Unconnected: Error {
    let cause: any Error
}

/// An error as people and programs see it. This is the only map from errors to messages and exit statuses.
struct Failure: Equatable {
    /// Starts in lower case, and names the next step where it is known.
    var message: String
    /// The API's code and HTTP status; nil when the API didn't answer with an error.
    var code: String?
    var status: Int?
    /// A next step for people, when the server wrote the message.
    var hint: String?
    var exit: ExitStatus
    /// Whether the user ended the run. Then no message is needed.
    var isInterruption = false

    static let notFoundMessage =
        "not found (404). check the Box ID with `box list` (or use `current` if you created one in this shell)"

    var json: JSON {
        var object = JSONObject([("event", "error"), ("error", .string(message))])
        if let code { object["code"] = .string(code) }
        if let status { object["status"] = JSON(status) }
        return .object(object)
    }

    private init(_ message: String, hint: String? = nil, exit: ExitStatus = .failure) {
        self.message = message
        self.hint = hint
        self.exit = exit
    }

    init(_ error: any Error) {
        switch error {
        case let error as BoxError: self.init(error)
        case let error as AdvisedError:
            self.init(error.error)
            message = (error.message ?? message).followed(by: error.advice)
        case let error as Unconnected:
            self.init(error.cause)
            exit = .connection
        case let error as SSHError: self.init(error)
        case let error as CommandError: self.init(error.message, hint: error.hint, exit: error.status)
        case let error as FileError: self.init(error.description)
        case let error as UsageError: self.init(error.description, exit: .usage)
        case is CancellationError: self.init(interruptedBy: SIGINT)
        default: self.init("unexpected error: \(error)")
        }
    }

    private init(interruptedBy signal: Int32) {
        self.init("interrupted", exit: ExitStatus(rawValue: 128 + signal))
        isInterruption = true
    }

    private init(_ error: SSHError) {
        if case .interrupted(let signal) = error.kind {
            self.init(interruptedBy: signal)
        } else {
            self.init(error.message, exit: error.kind == .portUnavailable ? .failure : .connection)
        }
    }

    private static func message(for box: Box) -> String {
        if box.state == .error {
            return "\(box.id) failed: \(BoxView.problem(of: box) ?? "the server gives no reason")"
        }
        return "\(box.id) is \(box.state.displayName) now, while something else was waited for"
    }

    private init(_ error: BoxError) {
        switch error {
        case .api(let failure):
            self.init(APIMessage.text(for: failure), hint: APIMessage.hint(for: failure))
            code = failure.code.rawValue
            status = failure.status
            if failure.status == 401 || failure.status == 403 { exit = .authentication }
        case .network(let origin, let reason, let isUnreachable):
            let isLocal = isUnreachable && (try? Origin(origin))?.isLoopback == true
            self.init(
                "could not reach the Box API at \(origin): \(reason)"
                    + (isLocal ? ". is boxd running? start it with `box local up`" : ""))
        case .invalidResponse(let origin, let status, let reason):
            self.init("the answer of the Box API at \(origin) (HTTP \(status)) can't be used: \(reason)")
            if status == 401 || status == 403 { exit = .authentication }
            if status == 404 { hint = "check that \(origin) is a Box API, with `box config`" }
        case .invalidAnswer(let origin, let reason):
            self.init("the answer of the Box API at \(origin) is not valid: \(reason)")
        case .answerTooLarge(let origin, let limit):
            self.init("the answer of the Box API at \(origin) is larger than \(Text.size(Int64(limit)))")
        case .notLoggedIn:
            self.init("not logged in. run `box login KEY`, or set BOX_API_KEY", exit: .authentication)
        case .plainHTTP(let origin):
            self.init(
                "no API key is sent to \(origin), because everybody on the way can read what goes over plain HTTP. use https, or "
                    + "add --insecure (or set BOX_INSECURE=1) where the network is safe", exit: .authentication)
        case .invalidOrigin(let message): self.init(message)
        case .unexpectedState(let box):
            self.init(Self.message(for: box))
        case .deletedWhileWaiting(let id): self.init("\(id) was deleted meanwhile")
        case .waitTimedOut(let id, let state, let seconds):
            self.init(
                "\(id) is still \(state.displayName) after \(Text.duration(seconds)). look again with `box info \(id)`")
        case .desktopTimedOut(let id, let message, let seconds, let refusal):
            let last = message.map { ": \(ServerText.sentence($0))" } ?? ""
            self.init(
                "the desktop of \(id) is not ready after \(Text.duration(seconds))\(last)".followed(
                    by: "try again, or wait longer with --timeout"))
            code = refusal?.code.rawValue
            status = refusal?.status
        case .promptTimedOut(let id, _, let state, let seconds):
            self.init(
                "the prompt is still \(state.rawValue) after \(Text.duration(seconds)). watch it with `box events \(id) -f`"
            )
        case .fileChanged(let path):
            self.init("\(path) changed while it was being sent. try again when it stays as it is")
        case .rawOutputUnavailable:
            self.init(
                "the box can't send the output byte by byte: it needs bash and python3. use `box ssh ID -- COMMAND`")
        case .unusableCAFile(let path, let reason):
            self.init(
                "the file of CA certificates \(path) can't be used: \(reason). check --ca-file, ca_file in the configuration, "
                    + "CURL_CA_BUNDLE and SSL_CERT_FILE")
        case .notRegularFile(let path): self.init("\(path) is not a regular file")
        case .notText(let path): self.init("\(path) is not text in UTF-8. read it with `box artifact`")
        }
    }
}

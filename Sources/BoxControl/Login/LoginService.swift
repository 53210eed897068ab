import BoxCrypto
import BoxModel
import BoxStore
import FoundationEssentials

/// Logins through a browser.
///
/// `box login` starts one and shows its URL and code. The user opens the URL, sees the same code, and confirms with an
/// API key of theirs. `box login` polls meanwhile and then gets a key of its own.
///
/// Logins are kept in memory for ``lifetime``. A restart of boxd ends them, and `box login` reports that.
package actor LoginService {
    package static let lifetime = Duration.seconds(600)
    /// Further logins are refused, because starting one needs no authentication.
    static let maximumPending = 100
    /// The number of wrong keys after which a login ends.
    static let maximumMistakes = 5
    /// How long a result can be polled again.
    static let echo = Duration.seconds(60)

    package enum Outcome: Sendable, Equatable {
        case pending
        /// The account whose key confirmed the login, and the new key's secret.
        case confirmed(Account, secret: String)
        case denied
    }

    /// A login as the page shows it.
    package struct Login: Sendable {
        /// The code that the user compares with the one in the terminal.
        package let code: String
        /// The name that the other machine reported, and the address of its request.
        package let machine: String
        let expires: ContinuousClock.Instant
        fileprivate let pollHash: Data
        /// When a delivered result is deleted. Until then it can be polled again, in case the response was lost.
        fileprivate var forgetAt: ContinuousClock.Instant?
        fileprivate(set) var outcome = Outcome.pending
        fileprivate var mistakes = 0
    }

    package struct Started: Sendable {
        package let state: String
        package let pollToken: String
        package let code: String
    }

    private let keys: KeyStore
    /// By the hash of their state, so that the time of a look-up reveals nothing about other logins.
    private var logins: [Data: Login] = [:]

    package init(keys: KeyStore) { self.keys = keys }

    package func start(machine: String) throws -> Started {
        expire()
        guard logins.count < Self.maximumPending else {
            throw APIError(
                .rateLimited, "too many logins are under way: wait some minutes and try again",
                retryAfter: 60)
        }
        let started = Started(
            state: RandomText.hex(bytes: 32), pollToken: "poll_" + RandomText.hex(bytes: 32), code: Self.newCode())
        logins[Self.hash(started.state)] = Login(
            code: started.code, machine: machine, expires: .now + Self.lifetime, pollHash: Self.hash(started.pollToken))
        return started
    }

    /// The login with that state, while it is pending.
    package func find(state: String) -> Login? {
        expire()
        return logins[Self.hash(state)].flatMap { $0.outcome == .pending ? $0 : nil }
    }

    /// - Returns: whether the secret is a valid key and the login is now confirmed.
    package func confirm(state: String, secret: String) async throws -> Bool {
        guard find(state: state) != nil else { return false }
        let account = try await keys.authenticate(secret)
        // Looked up again, because time has passed.
        guard let login = find(state: state) else { return false }
        guard let account else {
            logins[Self.hash(state)]?.mistakes += 1
            if login.mistakes + 1 >= Self.maximumMistakes { logins[Self.hash(state)]?.outcome = .denied }
            return false
        }
        // Set before the key is created, so that two concurrent confirmations create one key.
        logins[Self.hash(state)]?.outcome = .denied
        do {
            let key = try await keys.create(name: "box login on \(login.machine)", account: account)
            logins[Self.hash(state)]?.outcome = .confirmed(account, secret: key.secret)
        } catch {
            logins[Self.hash(state)]?.outcome = .pending
            throw error
        }
        return true
    }

    package func deny(state: String) {
        if find(state: state) != nil { logins[Self.hash(state)]?.outcome = .denied }
    }

    /// The outcome of a login; nil when there is no such login.
    package func poll(_ token: String) throws -> Outcome? {
        expire()
        let hash = Self.hash(token)
        guard let (state, login) = logins.first(where: { $0.value.pollHash == hash }) else { return nil }
        if login.outcome != .pending, login.forgetAt == nil { logins[state]?.forgetAt = .now + Self.echo }
        return login.outcome
    }

    private func expire() {
        let now = ContinuousClock.now
        logins = logins.filter { $0.value.expires > now && $0.value.forgetAt ?? $0.value.expires > now }
    }

    private static func hash(_ text: String) -> Data { Data(Digest.sha256(text.utf8)) }

    /// Eight letters and digits that can't be confused with each other.
    private static func newCode() -> String {
        let alphabet = Array("BCDFGHJKLMNPQRSTVWXZ23456789")
        let letters = (0..<8).compactMap { _ in alphabet.randomElement() }
        return String(letters[..<4]) + "-" + String(letters[4...])
    }
}

import BoxCrypto
import BoxModel
import BoxStore
import FoundationEssentials

/// Logins through a browser. A command line asks for one and shows its address and code; a person opens the address, sees
/// the same code, and confirms with a key of theirs; the command line, which polls meanwhile, then gets a key of its own.
///
/// They live in memory for ``lifetime``: a restart of boxd ends them, and the command line says so.
package actor LoginService {
    package static let lifetime = Duration.seconds(600)
    /// More than that many at a time are refused: nobody has to prove anything to ask for one.
    static let maximumPending = 100
    /// Wrong keys on one login before it ends.
    static let maximumMistakes = 5
    /// How long an answer is told again.
    static let echo = Duration.seconds(60)

    package enum Outcome: Sendable, Equatable {
        case pending
        /// The account whose key confirmed it, and the new key's secret.
        case confirmed(Account, secret: String)
        case denied
    }

    /// What the page shows of a login.
    package struct Login: Sendable {
        /// For the person to compare with what the command line shows.
        package let code: String
        /// The name that the other machine gave itself, and the address it asked from.
        package let machine: String
        let expires: ContinuousClock.Instant
        fileprivate let pollHash: Data
        /// Until when an answer that was told is told again, in case it was lost on its way.
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
    /// By the hash of their state, so that finding one takes no time that tells of others.
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

    /// The login of that address, while it waits for an answer.
    package func find(state: String) -> Login? {
        expire()
        return logins[Self.hash(state)].flatMap { $0.outcome == .pending ? $0 : nil }
    }

    /// - Returns: whether the secret is a valid key and the login now confirmed.
    package func confirm(state: String, secret: String) async throws -> Bool {
        guard find(state: state) != nil else { return false }
        let account = try await keys.authenticate(secret)
        // Asked again: time has passed.
        guard let login = find(state: state) else { return false }
        guard let account else {
            logins[Self.hash(state)]?.mistakes += 1
            if login.mistakes + 1 >= Self.maximumMistakes { logins[Self.hash(state)]?.outcome = .denied }
            return false
        }
        // Taken before the key is made, so that two answers at once make one key.
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

    /// What became of the login; nil when there is none.
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

    /// Eight letters and digits that can't be taken for each other.
    private static func newCode() -> String {
        let alphabet = Array("BCDFGHJKLMNPQRSTVWXZ23456789")
        let letters = (0..<8).compactMap { _ in alphabet.randomElement() }
        return String(letters[..<4]) + "-" + String(letters[4...])
    }
}

import BoxModel
import BoxStore

/// The operator's commands on a data directory. They work with and without a running server.
public struct Administration: Sendable {
    package let accounts: AccountStore
    private let keys: KeyStore

    public init(dataDirectory: String) throws {
        let database = try Database(DataDirectory(dataDirectory))
        (accounts, keys) = (AccountStore(database: database), KeyStore(database: database))
    }

    // MARK: Accounts

    /// - Returns: the account as ``accountList()`` returns it.
    public func addAccount(_ login: String, email: String?, _ limits: AccountLimits) async throws -> JSON {
        var account = Account.new(login: try Self.checked(login: login), email: try email.map(Self.checked(email:)))
        account.maxBoxes = limits.boxes?.stored
        account.maxPerMinute = limits.perMinute?.stored
        account.maxPerDay = limits.perDay?.stored
        account.allowsNested = limits.nested?.stored
        try await accounts.add(account)
        return AccountSummary(account: account, boxes: 0, activeBoxes: 0, keys: 0).json
    }

    public func setAccount(_ login: String, email: String?, _ limits: AccountLimits) async throws -> JSON {
        let account = try await accounts.set(login, email: try email.map(Self.checked(email:)), limits)
        return try await accounts.summary(of: account).json
    }

    /// Every account, ordered by login.
    public func accountList() async throws -> [AccountSummary] { try await accounts.list() }

    /// - Returns: how many boxes the running boxd, or the next one, deletes before the account is erased.
    public func removeAccount(_ login: String, deletingBoxes: Bool) async throws -> Int {
        try await accounts.remove(login, deletingBoxes: deletingBoxes)
    }

    // MARK: Keys

    /// Creates an API key for the account of that login. Nil means the first account, which is created when there are
    /// no accounts.
    public func createKey(name: String, login: String?) async throws -> (id: String, secret: String) {
        let login = login ?? Account.firstLogin
        if login == Account.firstLogin, try await accounts.isEmpty() {
            return try await keys.create(name: Self.checked(name: name), account: keys.account(login: login))
        }
        return try await keys.create(name: Self.checked(name: name), account: accounts.account(login))
    }

    /// The keys of one account, or of all, without their secrets.
    public func keyList(login: String?) async throws -> [KeySummary] {
        if let login { _ = try await accounts.account(login) }
        return try await keys.list(login: login)
    }

    public func deleteKey(_ id: String) async throws {
        guard try await keys.delete(id) else {
            throw AdministrationError("there is no API key \"\(id.prefix(64))\": `boxd api-key list` shows them")
        }
    }

    // MARK: Rules

    static let maximumLoginLength = 64

    package static func checked(login: String) throws -> String {
        func isPlain(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) }
        guard let first = login.utf8.first, isPlain(first), login.utf8.count <= maximumLoginLength,
            login.utf8.allSatisfy({ isPlain($0) || [0x2D, 0x2E, 0x5F].contains($0) })
        else {
            throw AdministrationError(
                "the login \"\(login.prefix(80))\" is not valid: use 1 to \(maximumLoginLength) lower-case letters, digits, "
                    + "\"-\", \".\" and \"_\", the first of them a letter or digit")
        }
        return login
    }

    package static func checked(email: String) throws -> String {
        let parts = email.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }), email.utf8.count <= 254,
            email.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "<") && $0 != UInt8(ascii: ">") })
        else { throw AdministrationError("the email \"\(email.prefix(80))\" is not valid: use NAME@HOST") }
        return email
    }

    private static func checked(name: String) throws -> String {
        let name = name.trimmed
        guard !name.isEmpty, !name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            throw AdministrationError("the key's name is empty or has a control character: use plain words")
        }
        return BoxName.cut(name)
    }
}

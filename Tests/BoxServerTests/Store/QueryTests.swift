import GRDB
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

struct FormEncodingTests {
    @Test(arguments: [
        ("", ""), ("a", "a"), ("a+b", "a b"), ("%2B", "+"), ("%c3%BC", "ü"), ("ü", "ü"), ("%25", "%"), ("%00", "\0"),
        ("a%2Fb", "a/b"),
    ])
    func whatEncodersMake(text: String, value: String) { #expect(FormEncoding.decode(text) == value) }

    @Test(arguments: ["%", "%5", "a%", "%+5", "%-1", "%zz", "%1g", "%g1", "% 1", "%FF", "%C3", "%C3%28"])
    func whatNoEncoderMakes(text: String) { #expect(FormEncoding.decode(text) == nil) }

    @Test(arguments: [
        ("/boxes?limit=%+5", "limit"), ("/boxes?sort=%zz", "sort"), ("/boxes?cursor=%", "cursor"),
        ("/boxes?state=%FF", "state"), ("/boxes/ID/files?path=%+5", "path"),
        ("/boxes/ID/files?path=a&encoding=%1", "encoding"), ("/boxes/ID/artifacts?path=%C3", "path"),
        ("/boxes/ID/events?type=%", "type"), ("/repos?q=%+5", "q"), ("/repos?selected=%", "selected"),
        ("/repos?sync=%", "sync"),
    ])
    func theParameterIsNamed(path: String, name: String) async throws {
        try await withServer { api async throws in
            let id = try await api.ready()
            let answer = try await api.get(path.replacing("ID", with: id))
            #expect(answer.status == 400 && answer.message.contains("query parameter \(name) "), "\(answer.text)")
        }
    }

    /// The rows that each creation removes are found by an index, however many rows there are.
    @Test(arguments: [
        "DELETE FROM creation WHERE at < 1", "DELETE FROM idempotency WHERE createdAt < 1",
        "DELETE FROM deletionOperation WHERE completedAt < 1",
        "UPDATE deletionOperation SET completedAt = 1 WHERE targetID = 'x' AND completedAt IS NULL",
        "SELECT at FROM creation WHERE accountID = 'x' AND at > 1 ORDER BY at DESC LIMIT 1 OFFSET 5",
        "SELECT requestHash, boxID FROM idempotency WHERE accountID = 'x' AND key = 'y'",
        "SELECT COUNT(*) FROM box WHERE accountID = 'x' AND NOT isDeleting AND state IN ('ready')",
    ])
    func noTableIsScanned(sql: String) throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let database = try Database(path: "\(scratch.path)/boxd.sqlite")
        let plan = try database.pool.read { try Row.fetchAll($0, sql: "EXPLAIN QUERY PLAN \(sql)") }
        #expect(!plan.isEmpty && plan.allSatisfy { ($0["detail"] as String).hasPrefix("SEARCH") }, "\(plan)")
    }
}

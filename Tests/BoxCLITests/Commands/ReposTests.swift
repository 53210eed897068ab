import BoxModel
import Testing

@testable import BoxCLI

@Suite struct ReposTests {
    let fixture = CLIFixture()

    private func repo(_ id: String, _ name: String) -> String {
        #"{"id":\#(id),"databaseId":"\#(id)","name":"\#(name)","fullName":"octo/\#(name)","private":true,"pushedAt":null}"#
    }

    private func page(_ repos: [String], next: String? = nil, selected: String = "") -> String {
        let cursor = next.map { "\"\($0)\"" } ?? "null"
        return
            #"{"ok":true,"type":"repos.list","installations":[{"type":"User","accountLogin":"octo","repositories":[\#(repos.joined(separator: ","))]}],"environmentId":"e","selectedRepositories":[\#(selected)],"pageInfo":{"nextCursor":\#(cursor),"hasMore":\#(next != nil),"limit":200}}"#
    }

    @Test func listHasAllPagesInTheirGroups() async throws {
        let pages = [page([repo("1", "a")], next: "c"), page([repo("1", "a"), repo("2", "b")])]
        fixture.transport.on("GET /repos?sync=true&limit=200&q=x&selected=true", pages[0])
            .on("GET /repos?limit=200&cursor=c&q=x&selected=true", pages[1])
        #expect(await fixture.run("repos", "list", "--selected", "-q", "x", "--sync", "--json") == 0)
        #expect(
            fixture.out.text
                == #"{"installations":[{"type":"User","accountLogin":"octo","repositories":[\#(repo("1", "a")),\#(repo("2", "b"))]}],"environmentId":"e","selectedRepositories":[],"pageInfo":{"nextCursor":null,"hasMore":false,"limit":200}}"#
                + "\n")
    }

    @Test func theTableMarksWhatIsSelected() async {
        fixture.transport.on(
            "GET /repos?limit=2",
            page(
                [repo("1", "a"), repo("22", "b"), repo("3", "c")], next: "c",
                selected: #"{"databaseId":"22","baseBranch":"dev"}"#))
        #expect(await fixture.run("repos", "list", "--limit", "2") == 0)
        #expect(
            fixture.out.text == """
                NAME    ID  ACCESS   PUSHED  SELECTED
                octo/a  1   private  -       -
                octo/b  22  private  -       dev

                """)
    }

    @Test func selectByIDOrName() async {
        let answer =
            #"{"ok":true,"type":"repos.updated","success":true,"environmentId":"e","selectedRepositories":[{"databaseId":"22","fullName":"octo/b","baseBranch":"dev"}]}"#
        fixture.transport.on("POST /repos", answer)
        #expect(await fixture.run("repos", "select", "22", "--branch", "dev") == 0)
        #expect(fixture.out.text == "octo/b, branch dev, is given to boxes made from now on\n")
        #expect(fixture.transport.body(0) == #"{"repositoryId":"22","baseBranch":"dev"}"#)
        fixture.transport.on("GET /repos?limit=200&q=Octo%2FB", page([repo("21", "bb"), repo("22", "b")]))
            .on("POST /repos", answer)
        #expect(await fixture.run("repos", "select", "Octo/B", "--json") == 0)
        #expect(fixture.transport.body(2) == #"{"repositoryId":"22"}"#)
        #expect(
            fixture.out.text
                == #"{"success":true,"environmentId":"e","selectedRepositories":[{"databaseId":"22","fullName":"octo/b","baseBranch":"dev"}]}"#
                + "\n")
    }

    @Test func unknownOnes() async {
        fixture.transport.on("GET /repos?limit=200&q=octo%2Fx", page([repo("1", "xy")]))
        #expect(await fixture.run("repos", "select", "octo/x") == 1)
        let advice = "see those there are with `box repos list`, and look for new ones with --sync\n"
        #expect(fixture.err.text == "error: there is no repository octo/x. " + advice)
        fixture.transport.on("POST /repos", 404, #"{"error":"not_found"}"#)
        #expect(await fixture.run("repos", "select", "99") == 1)
        #expect(fixture.err.text == "error: not found (404). there is no repository 99. " + advice)
        #expect(await fixture.run("repos", "select", "a/b/c") == 2)
        #expect(
            fixture.usageProblem
                == "invalid REPO \"a/b/c\". Use OWNER/NAME, or the id that `box repos list` shows")
    }
}

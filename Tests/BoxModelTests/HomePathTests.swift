import BoxModel
import Testing

struct HomePathTests {
    @Test(arguments: [
        ("~", "."), ("~/", "."), ("~//", "."), ("~/a", "a"), ("~//a/", "a/"), ("~/~/a", "~/a"),
        ("~/.ssh/config", ".ssh/config"),
        ("", ""), ("a/~", "a/~"), ("./~/a", "./~/a"), ("/~", "/~"), ("~root", "~root"), ("~user/a", "~user/a"),
        ("~~", "~~"),
    ])
    func aLeadingTildeIsTheHomeDirectory(_ typed: String, _ sent: String) {
        #expect(HomePath.relative(typed) == sent)
    }
}

import BoxClient
import BoxSSH
import Glibc

/// A directory for one run, which only this user can access.
struct TemporaryDirectory {
    let path: String

    init(environment: [String: String]) throws(FileError) {
        var parent = environment["TMPDIR"] ?? ""
        if !parent.hasPrefix("/") { parent = "/tmp" }
        var template = Array("\(parent)/box-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw FileError(action: "create a directory in", path: parent, code: errno)
        }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    func remove() { LocalTree.remove(path) }
}

import BoxClient
import BoxSSH
import Glibc

/// A folder that only this user can look into, for the time of one run.
struct TemporaryFolder {
    let path: String

    init(environment: [String: String]) throws(FileError) {
        var parent = environment["TMPDIR"] ?? ""
        if !parent.hasPrefix("/") { parent = "/tmp" }
        var template = Array("\(parent)/box-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw FileError(action: "create a folder in", path: parent, code: errno)
        }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    func remove() { LocalTree.remove(path) }
}

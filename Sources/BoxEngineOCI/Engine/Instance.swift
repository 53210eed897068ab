import BoxEngine
import CLinux
import Glibc
import HostTools

/// The name of an engine's machines, interfaces, tables and cgroups on the host. Two engines with one name would each
/// remove the other's as leftovers.
enum Instance {
    /// - Throws: ``EngineError`` with ``EngineError/Reason/hostNotReady`` while another engine uses the name.
    static func hold(_ configuration: OCIEngineConfiguration) throws -> HeldFile {
        let path = "\(configuration.runDirectory).lock"
        let held: HeldFile?
        do { held = try HeldFile.hold(path) } catch { throw EngineError(.hostNotReady, "\(error)") }
        guard let held else {
            let other = (HostFiles.read(path) ?? "").split(separator: "\n").first ?? "unknown"
            throw EngineError(
                .hostNotReady,
                "another boxd on this host is the instance \(configuration.instance) (data directory \(other)): "
                    + "stop it first, or choose another name with --instance")
        }
        held.write("\(configuration.dataDirectory)\n")
        return held
    }

    /// - Throws: ``EngineError`` with ``EngineError/Reason/hostNotReady`` when a machine belongs to another data
    ///   directory. A boxd that has ended left it running.
    static func requireOwn(_ machines: [OCIRuntime.Entry], _ configuration: OCIEngineConfiguration) throws {
        guard let boxes = status(configuration.boxesDirectory) else { return }
        for machine in machines where machine.process != nil {
            // This is boxes/<id>/bundle, perhaps by another path. A bundle that doesn't exist belongs to no data
            // directory.
            guard let own = status("\(machine.bundle)/../.."), own.st_ino != boxes.st_ino || own.st_dev != boxes.st_dev
            else { continue }
            let directory = machine.bundle.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
            throw EngineError(
                .hostNotReady,
                "boxes of the data directory \(directory) run as the instance \(configuration.instance): start boxd with "
                    + "--data-dir \(directory) to go on with them, or choose another name with --instance")
        }
    }

    private static func status(_ path: String) -> stat? {
        var found = stat()
        return stat(path, &found) == 0 ? found : nil
    }
}

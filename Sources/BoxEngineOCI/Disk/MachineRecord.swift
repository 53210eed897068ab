import BoxEngine
import BoxModel

/// The engine's record of a machine, stored as `machine.json` in the machine's directory.
struct MachineRecord: Sendable, Equatable {
    /// A read-only part of a disk: what one machine changed between a start and a stop.
    struct Layer: Sendable, Equatable {
        var id: String
        /// The host id that ids in the layer count from: root in the layer has this id on the host.
        var idBase: UInt32
        /// Whether the layer shares no file with another one, so that it can become an upper directory again. A merged
        /// layer shares its files with the layers that it was made of.
        var isWhole = false

        fileprivate var json: JSON {
            var object = JSONObject([("id", .string(id)), ("idBase", JSON(Int(idBase)))])
            if isWhole { object["whole"] = true }
            return .object(object)
        }

        fileprivate init?(json: JSON) {
            guard let id = json["id"]?.string, let base = json["idBase"]?.int, let idBase = UInt32(exactly: base) else {
                return nil
            }
            self.init(id: id, idBase: idBase, isWhole: json["whole"]?.bool ?? false)
        }

        init(id: String, idBase: UInt32, isWhole: Bool = false) {
            (self.id, self.idBase, self.isWhole) = (id, idBase, isWhole)
        }
    }

    let id: String
    /// The machine's slot, from which its address and its id range follow.
    let slot: Int
    /// The name of the image below all layers.
    let image: String
    /// From the lowest to the highest.
    var layers: [Layer]
    /// Whether its `/etc` names this machine: see ``GuestIdentity``. A copy of another machine's disk doesn't at first.
    var hasIdentity = false

    var idBase: UInt32 { Slots.idBase(of: slot) }

    var json: JSON {
        var object: JSONObject = [
            "id": .string(id), "slot": JSON(slot), "image": .string(image), "layers": .array(layers.map(\.json)),
        ]
        if hasIdentity { object["identity"] = true }
        return .object(object)
    }

    init(id: String, slot: Int, image: String, layers: [Layer]) {
        (self.id, self.slot, self.image, self.layers) = (id, slot, image, layers)
    }

    init?(json: JSON) {
        guard let id = json["id"]?.string, let slot = json["slot"]?.int, let image = json["image"]?.string,
            let layers = json["layers"]?.array
        else { return nil }
        self.init(id: id, slot: slot, image: image, layers: [])
        for json in layers {
            guard let layer = Layer(json: json) else { return nil }
            self.layers.append(layer)
        }
        hasIdentity = json["identity"]?.bool ?? false
    }
}

/// The slots of machines. A machine keeps its slot for life. A freed slot is the last to be used again, so that an
/// address doesn't soon get another host key.
enum Slots {
    /// A /20 network has 4094 hosts: the first is the bridge, and the last is the second resolver address. As many id
    /// ranges fit below 2^31.
    static let all = 1...4092
    /// The first host id above systemd's ranges for containers.
    static let firstIDBase: UInt32 = 0x7000_0000
    static let idsPerMachine: UInt32 = 65536

    static func idBase(of slot: Int) -> UInt32 { firstIDBase + UInt32(slot - 1) * idsPerMachine }

    /// The next free slot from `cursor` on, continuing from the first slot after the last one.
    static func next(from cursor: Int, used: Set<Int>) -> Int? {
        let start = all.contains(cursor) ? cursor : all.lowerBound
        return (start...all.upperBound).first { !used.contains($0) } ?? all.first { !used.contains($0) }
    }
}

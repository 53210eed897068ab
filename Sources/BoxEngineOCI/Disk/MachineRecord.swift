import BoxEngine
import BoxModel

/// What the engine keeps of a machine, as `machine.json` in the machine's directory.
struct MachineRecord: Sendable, Equatable {
    /// A read-only part of a disk: the changes of one life of one machine.
    struct Layer: Sendable, Equatable {
        var id: String
        /// The host id that stands for the layer's root: ids in it were written with this base.
        var idBase: UInt32
        /// Whether all files in it are its own, so that it can become an upper directory again. A merged layer shares its files with
        /// the layers that it was made of.
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
    /// The machine's number: its address and its id range follow from it.
    let slot: Int
    /// The name of the image below all layers.
    let image: String
    /// From the lowest to the highest.
    var layers: [Layer]
    /// Whether its `/etc` says who it is: see ``GuestIdentity``. A copy of another machine's disk doesn't at first.
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

/// The numbers of machines. A machine keeps its number for life, and a number that was freed is the last to be given out
/// again, so that an address doesn't soon come back under another host key.
enum Slots {
    /// A /20 network has 4094 hosts, of which the first is the bridge; as many id ranges fit below 2^31.
    static let all = 1...4092
    /// The first host id that systemd leaves to nobody: its container ranges end below it.
    static let firstIDBase: UInt32 = 0x7000_0000
    static let idsPerMachine: UInt32 = 65536

    static func idBase(of slot: Int) -> UInt32 { firstIDBase + UInt32(slot - 1) * idsPerMachine }

    /// The next free number from `cursor` on, going round at the end.
    static func next(from cursor: Int, used: Set<Int>) -> Int? {
        let start = all.contains(cursor) ? cursor : all.lowerBound
        return (start...all.upperBound).first { !used.contains($0) } ?? all.first { !used.contains($0) }
    }
}

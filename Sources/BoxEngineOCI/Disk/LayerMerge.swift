import BoxEngine
import Glibc

/// Merges layers into one, as overlayfs would show them, including whiteouts, opaque directories and redirects.
///
/// Sealed layers never change, so the merged layer's files are hard links to theirs. Merging takes time per file, but
/// no space. All layers must have the same id base.
///
/// Users make trees that are deeper than the longest possible path. So directories are walked by descriptors, with an
/// explicit stack instead of the thread's.
struct LayerMerge {
    private let layers: [LayerDirectory]
    private var frames: [MergeFrame] = []

    /// - Parameters:
    ///   - layers: from the lowest to the highest.
    ///   - target: a directory that doesn't exist yet.
    static func merge(_ layers: [String], into target: String) throws {
        guard mkdir(target, 0o700) == 0 else { throw HostFiles.failure("create", target) }
        let root = try LayerDirectory(path: target)
        var merge = LayerMerge(layers: try layers.map { try LayerDirectory(path: $0) })
        let sources = layers.indices.reversed().map { MergeSource(layer: $0, origin: .path([])) }
        merge.frames.append(MergeFrame(name: [], sources: sources, below: [], target: root))
        try merge.run()
    }

    private init(layers: [LayerDirectory]) { self.layers = layers }

    private mutating func run() throws {
        while let index = frames.indices.last {
            if frames[index].names == nil {
                frames[index].names = try names(in: index)
                closeFar(from: index)
            }
            guard let name = frames[index].names?.popLast() else {
                try finish(index)
                try openParent(of: frames.removeLast())
                continue
            }
            try insert(name, in: index)
        }
    }

    /// The names that at least one of the directory's sources has.
    private mutating func names(in index: Int) throws -> [LayerDirectory.Name] {
        var found: Set<LayerDirectory.Name> = []
        for source in frames[index].sources.indices {
            found.formUnion(try self.source(source, of: index).names())
        }
        return Array(found)
    }

    private mutating func insert(_ name: LayerDirectory.Name, in index: Int) throws {
        switch try lookUp(name, in: index) {
        case .nothing: break
        case .file(let source, let isWhiteout):
            // A whiteout that hides nothing would become visible itself.
            if isWhiteout && frames[index].below == nil { return }
            let directory = try self.source(source, of: index)
            try target(of: index).link(name, from: directory)
        case .directory(let sources, let below):
            let target = try target(of: index)
            try target.makeDirectory(name)
            frames.append(
                MergeFrame(name: name, sources: sources, below: below, target: try target.open(name)))
        }
    }

    /// Finishes a directory whose contents are merged. It gets the attributes of its topmost source, and those that
    /// lead overlayfs to the layers below.
    private mutating func finish(_ index: Int) throws {
        let target = try target(of: index)
        try target.copyAttributes(from: try source(0, of: index), leavingOut: OverlayAttribute.lookUps)
        guard index > 0 else { return }
        let (frame, parent) = (frames[index], frames[index - 1])
        let natural = parent.below.map { $0 + [frame.name] }
        if let below = frame.below {
            if below != natural { try target.set(OverlayAttribute.redirect, to: OverlayAttribute.text(of: below)) }
        } else if natural != nil {
            try target.set(OverlayAttribute.opaque, to: Array("y".utf8))
        }
    }
}

// MARK: - Looking names up as overlayfs does

/// One of the directories that are merged into one.
private struct MergeSource {
    enum Origin {
        /// In the parent's source of that number.
        case child(source: Int, name: LayerDirectory.Name)
        /// From the layer's root, where an absolute redirect leads.
        case path([LayerDirectory.Name])
    }

    let layer: Int
    let origin: Origin
    /// Nil while the merge is far from the directory.
    var directory: LayerDirectory?
}

/// A directory that is being merged.
private struct MergeFrame {
    let name: LayerDirectory.Name
    /// From the topmost to the lowest.
    var sources: [MergeSource]
    /// Where overlayfs continues below all merged layers; nil where an opaque directory or a file ends the lookup.
    let below: [LayerDirectory.Name]?
    var target: LayerDirectory?
    /// The names that are left to merge; nil before they are read.
    var names: [LayerDirectory.Name]?

    init(
        name: LayerDirectory.Name, sources: [MergeSource], below: [LayerDirectory.Name]?, target: LayerDirectory
    ) {
        (self.name, self.sources, self.below, self.target) = (name, sources, below, target)
    }
}

extension LayerMerge {
    private enum Found {
        case nothing
        case file(source: Int, isWhiteout: Bool)
        case directory([MergeSource], below: [LayerDirectory.Name]?)
    }

    /// Looks a name up, as `ovl_lookup` in the kernel's fs/overlayfs/namei.c does.
    private mutating func lookUp(_ name: LayerDirectory.Name, in index: Int) throws -> Found {
        var found: [MergeSource] = []
        var current = name
        for number in frames[index].sources.indices {
            let layer = frames[index].sources[number].layer
            let directory = try source(number, of: index)
            switch try directory.kind(of: current) {
            case .missing: continue
            case .whiteout where found.isEmpty: return .file(source: number, isWhiteout: true)
            case .file where found.isEmpty: return .file(source: number, isWhiteout: false)
            case .whiteout, .file: return .directory(found, below: nil)
            case .directory:
                let child = try directory.open(current)
                found.append(
                    MergeSource(layer: layer, origin: .child(source: number, name: current), directory: child))
                if child.isOpaque { return .directory(found, below: nil) }
                switch try child.redirect() {
                case nil: break
                case .sibling(let name): current = name
                case .path(let path): return try follow(path, below: layer, found)
                }
            }
        }
        guard !found.isEmpty else { return .nothing }
        return .directory(found, below: frames[index].below.map { $0 + [current] })
    }

    /// Continues at an absolute path in the layers below `layer`, as `ovl_lookup_layer` and `ovl_check_redirect` do. A
    /// redirect on the path changes the path for the layers below.
    private func follow(_ path: [LayerDirectory.Name], below layer: Int, _ sources: [MergeSource]) throws -> Found {
        var (path, sources) = (path, sources)
        for number in (0..<layer).reversed() {
            var (directory, next, isOpaque, ended) = (layers[number], path, false, false)
            var isFound = true
            walk: for (position, name) in path.enumerated() {
                switch try directory.kind(of: name) {
                case .missing:
                    isFound = false
                    break walk
                case .whiteout, .file:
                    (isFound, ended) = (false, true)
                    break walk
                case .directory: directory = try directory.open(name)
                }
                let rest = path[(position + 1)...]
                if directory.isOpaque {
                    isOpaque = true
                } else if let redirect = try directory.redirect() {
                    switch redirect {
                    case .sibling(let name): next = next.dropLast(rest.count + 1) + [name] + rest
                    case .path(let elsewhere): (next, isOpaque) = (elsewhere + rest, false)
                    }
                }
            }
            if isFound { sources.append(MergeSource(layer: number, origin: .path(path), directory: directory)) }
            if ended || isOpaque { return .directory(sources, below: nil) }
            path = next
        }
        return .directory(sources, below: path)
    }
}

// MARK: - Descriptors

extension LayerMerge {
    /// How many directories on the path down stay open.
    private static let openFrames = 16

    private mutating func closeFar(from index: Int) {
        let far = index - Self.openFrames
        guard far > 0 else { return }
        frames[far].target = nil
        for number in frames[far].sources.indices { frames[far].sources[number].directory = nil }
    }

    /// Opens the parent of a finished directory from that directory, which is cheap at any depth.
    private mutating func openParent(of frame: MergeFrame) throws {
        guard let index = frames.indices.last else { return }
        if frames[index].target == nil { frames[index].target = try frame.target?.parent() }
        for source in frame.sources {
            guard case .child(let parent, _) = source.origin, frames[index].sources[parent].directory == nil else {
                continue
            }
            frames[index].sources[parent].directory = try source.directory?.parent()
        }
    }

    private mutating func target(of index: Int) throws -> LayerDirectory {
        var start = index
        while frames[start].target == nil { start -= 1 }
        guard start < index, let open = frames[start].target else { return frames[index].target! }
        let directory = try open.open(path: frames[(start + 1)...index].map(\.name))
        frames[index].target = directory
        return directory
    }

    private mutating func source(_ number: Int, of index: Int) throws -> LayerDirectory {
        if let open = frames[index].sources[number].directory { return open }
        var (way, frame, source) = ([LayerDirectory.Name](), index, number)
        var start: LayerDirectory?
        while start == nil {
            let found = frames[frame].sources[source]
            if let open = found.directory {
                start = open
                break
            }
            switch found.origin {
            case .child(let parent, let name):
                way.append(name)
                (frame, source) = (frame - 1, parent)
            case .path(let path):
                way += path.reversed()
                start = layers[found.layer]
            }
        }
        let directory = try start!.open(path: way.reversed())
        frames[index].sources[number].directory = directory
        return directory
    }
}

import BoxEngine
import Glibc
import Testing

@testable import BoxEngineOCI

struct DiskPressureTests {
    private static let reserve = 1000 << 20

    private func space(_ megabytes: Int) -> DiskSpace { DiskSpace(total: 100_000 << 20, free: megabytes << 20) }

    private func look(
        _ pressure: inout DiskPressure, _ megabytes: Int, isReserved: Bool = true, written: [String: Int] = [:]
    ) -> DiskPressure.Decision {
        pressure.look(at: space(megabytes), reserve: Self.reserve, isReserved: isReserved, written: written)
    }

    @Test func whileThereIsSpaceNobodyIsPaused() {
        var pressure = DiskPressure()
        #expect(look(&pressure, 1000, written: ["a": 1 << 30]) == .init())
        #expect(pressure.level == .ample)
        #expect(look(&pressure, 5000, isReserved: false) == .init(allocatesReserve: true))
    }

    @Test func whoWritesMostIsPausedBeforeTheReserveIsTouched() {
        var pressure = DiskPressure()
        let written = ["big": 500 << 20, "small": 1 << 20, "idle": 0]
        #expect(look(&pressure, 999, written: written) == .init(pause: ["big"]))
        #expect(pressure.level == .low)
        // Then the next one is paused, if it continues to write.
        #expect(look(&pressure, 900, written: ["small": 1 << 20, "idle": 100]) == .init(pause: ["small"]))
        #expect(look(&pressure, 900, written: ["idle": 100]) == .init())
    }

    @Test func aWriterIsSeenHoweverCloseTheLooksAre() {
        var pressure = DiskPressure()
        let looks = (0..<3).map { _ in look(&pressure, 900, written: ["big": 100 << 10, "idle": 1000]).pause }
        #expect(looks == [[], [], ["big"]])
        // A machine that couldn't be paused is tried again.
        pressure.isNotPaused("big")
        #expect(look(&pressure, 900, written: ["big": 0]).pause == ["big"])
        pressure.forget("big")
        #expect(look(&pressure, 900, written: ["big": 0]).pause == [])
    }

    @Test func boxdGetsItsReserveWhenTheDiskIsFull() {
        var pressure = DiskPressure()
        #expect(look(&pressure, 0, written: ["big": 1 << 30]) == .init(pause: ["big"], releasesReserve: true))
        #expect(pressure.level == .full)
        #expect(look(&pressure, 990, isReserved: false) == .init())
        #expect(pressure.level == .full)
    }

    @Test func whenNobodyIsSeenToFillItAllArePausedBeforeTheReserveGoes() {
        var pressure = DiskPressure()
        let idle = ["a": 0, "b": 100]
        #expect(
            look(&pressure, 10, written: idle) == .init(pause: ["a", "b"], isSuspicion: true, releasesReserve: true))
        // Resumed machines are suspected again only when much more space is used up.
        pressure = DiskPressure()
        #expect(look(&pressure, 990, written: idle) == .init())
        #expect(look(&pressure, 900, written: idle) == .init())
        #expect(look(&pressure, 860, written: idle) == .init(pause: ["a", "b"], isSuspicion: true))
        pressure.isNotPaused("b")
        #expect(look(&pressure, 840, written: idle) == .init())
        #expect(look(&pressure, 700, written: idle) == .init(pause: ["b"], isSuspicion: true))
        // A machine's writes explain the loss of space.
        pressure = DiskPressure()
        _ = look(&pressure, 990, written: idle)
        #expect(look(&pressure, 790, written: ["a": 200 << 20, "b": 0]) == .init(pause: ["a"]))
    }

    @Test func itGoesOnByItself() {
        var pressure = DiskPressure()
        _ = look(&pressure, 0)
        // First the reserve is taken, and then twice its size must be free.
        #expect(look(&pressure, 2999, isReserved: false) == .init())
        #expect(look(&pressure, 3000, isReserved: false) == .init(resumesAll: true, allocatesReserve: true))
        #expect(pressure.level == .ample)
        _ = look(&pressure, 900)
        #expect(look(&pressure, 1999) == .init())
        #expect(look(&pressure, 2000) == .init(resumesAll: true))
    }

    @Test func theReserveFitsTheDisk() {
        #expect(DiskReserve.size(ofTotal: 160 << 20) == 16 << 20)
        #expect(DiskReserve.size(ofTotal: 10 << 30) == (10 << 30) / 100)
        #expect(DiskReserve.size(ofTotal: 10 << 40) == 1 << 30)
    }

    @Test func theReserveTakesSpaceAndGivesItBack() throws {
        let scratch = try TestDirectory()
        defer { scratch.remove() }
        let reserve = DiskReserve(dataDirectory: scratch.path)
        #expect(!reserve.isThere)
        #expect(reserve.allocate(1 << 20) && reserve.isThere)
        var found = stat()
        #expect(stat(reserve.path, &found) == 0 && found.st_blocks * 512 >= 1 << 20)
        #expect(reserve.allocate(2 << 20) && stat(reserve.path, &found) == 0 && found.st_size == 2 << 20)
        reserve.release()
        #expect(!reserve.isThere)
    }

    @Test func filesWithSeveralNamesCountOnce() throws {
        let scratch = try TestDirectory()
        defer { scratch.remove() }
        let empty = HostFiles.blocks(below: scratch.path)
        mkdir("\(scratch.path)/a", 0o755)
        try HostFiles.write(String(repeating: "x", count: 1 << 20), to: "\(scratch.path)/a/file")
        let one = HostFiles.blocks(below: scratch.path)
        #expect(one - empty >= 2048)
        link("\(scratch.path)/a/file", "\(scratch.path)/b")
        symlink("/", "\(scratch.path)/c")
        #expect(HostFiles.blocks(below: scratch.path) < one + 64)
        #expect(HostFiles.blocks(below: "\(scratch.path)/missing") == 0)
    }
}

import Testing

@testable import BoxEngineOCI

struct SubnetTests {
    @Test func aSubnetKnowsItsAddresses() throws {
        let subnet = try #require(Subnet("10.201.16.0/20"))
        #expect(subnet.description == "10.201.16.0/20")
        #expect(subnet.gateway == "10.201.16.1")
        #expect(subnet.address(of: 1) == "10.201.16.2")
        #expect(subnet.address(of: 254) == "10.201.16.255")
        #expect(subnet.address(of: 255) == "10.201.17.0")
    }

    @Test func everySlotHasAnAddressBetweenTheGatewayAndTheBroadcast() throws {
        let subnet = try #require(Subnet("10.201.0.0/20"))
        #expect(subnet.address(of: Slots.all.lowerBound) == "10.201.0.2")
        #expect(subnet.address(of: Slots.all.upperBound) == "10.201.15.253")
        #expect(Set(Slots.all.map(subnet.address(of:))).count == Slots.all.count)
    }

    @Test(arguments: [
        "", "10.201.0.0", "10.201.0.0/", "10.201.0.0/16", "10.201.0.0/24", "10.201.0.0/020", "10.201.1.0/20",
        "10.201.0.1/20",
        "10.201.0.0/20/20", "10.201.0/20", "10.201.0.0.0/20", "256.1.0.0/20", "a.b.c.d/20", "fd00::/20",
        " 10.201.0.0/20",
        "10.201.0.0/20 ", "10.201.0.0 /20", "010.201.0.0/20", "-1.0.0.0/20", "/20",
    ])
    func whatIsNoSubnetIsRefused(_ text: String) { #expect(Subnet(text) == nil) }

    private static let header = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"

    /// A line of `/proc/net/route`. Its addresses are in the machine's byte order.
    private func route(_ destination: [UInt32], _ mask: [UInt32], gateway: String = "00000000") -> String {
        func hex(_ octets: [UInt32]) -> String {
            let digits = String(
                octets.enumerated().reduce(0) { $0 | $1.element << UInt32($1.offset * 8) }, radix: 16, uppercase: true)
            return String(repeating: "0", count: 8 - digits.count) + digits
        }
        return "eth0\t\(hex(destination))\t\(gateway)\t0001\t0\t0\t0\t\(hex(mask))\t0\t0\t0\n"
    }

    @Test func withoutRoutesTheFirstCandidateIsTaken() {
        #expect(Subnet.firstFree(routes: "")?.description == "10.201.0.0/20")
        #expect(Subnet.firstFree(routes: Self.header)?.description == "10.201.0.0/20")
        #expect(Subnet.firstFree(routes: "nonsense\n\n\t\t\nx y z\n")?.description == "10.201.0.0/20")
    }

    @Test func theDefaultRouteIsInNobodysWay() {
        let text = Self.header + route([0, 0, 0, 0], [0, 0, 0, 0], gateway: "0101A8C0")
        #expect(Subnet.firstFree(routes: text)?.description == "10.201.0.0/20")
    }

    @Test(
        arguments: [
            ([10, 201, 0, 0], [255, 255, 240, 0]), ([10, 201, 0, 0], [255, 255, 0, 0]),
            ([10, 201, 5, 0], [255, 255, 255, 0]),
            ([10, 201, 15, 255], [255, 255, 255, 255]), ([10, 200, 0, 0], [255, 254, 0, 0]),
        ] as [([UInt32], [UInt32])])
    func anOverlappingRouteIsAvoided(_ destination: [UInt32], _ mask: [UInt32]) {
        #expect(Subnet.firstFree(routes: Self.header + route(destination, mask))?.description == "10.202.0.0/20")
    }

    @Test(
        arguments: [
            ([10, 201, 16, 0], [255, 255, 240, 0]), ([10, 200, 0, 0], [255, 255, 0, 0]),
            ([192, 168, 0, 0], [255, 255, 0, 0]),
            ([172, 16, 0, 0], [255, 240, 0, 0]), ([201, 10, 0, 0], [255, 255, 0, 0]),
        ] as [([UInt32], [UInt32])])
    func aNeighbourIsNotInTheWay(_ destination: [UInt32], _ mask: [UInt32]) {
        #expect(Subnet.firstFree(routes: Self.header + route(destination, mask))?.description == "10.201.0.0/20")
    }

    @Test func aHostThatUsesAllOfTenHasNoRoom() {
        #expect(Subnet.firstFree(routes: Self.header + route([10, 0, 0, 0], [255, 0, 0, 0])) == nil)
        let each = (0..<256).map { route([10, $0, 0, 0], [255, 255, 0, 0]) }.joined()
        #expect(Subnet.firstFree(routes: Self.header + each) == nil)
    }
}

struct SlotsTests {
    @Test func numbersGoRound() {
        #expect(Slots.next(from: 1, used: []) == 1)
        #expect(Slots.next(from: 2, used: []) == 2)
        #expect(Slots.next(from: 3, used: [3, 4, 6]) == 5)
        #expect(Slots.next(from: 4092, used: []) == 4092)
        #expect(Slots.next(from: 4092, used: [4092]) == 1)
        #expect(Slots.next(from: 4092, used: [4092, 1, 2]) == 3)
        #expect(Slots.next(from: 4093, used: []) == 1)
    }

    @Test(arguments: [Int.min, -1, 0, 4093, 100_000, Int.max])
    func aCursorThatIsNoNumberBeginsAgain(_ cursor: Int) { #expect(Slots.next(from: cursor, used: [1]) == 2) }

    @Test func whenAllAreUsedThereIsNone() {
        let all = Set(Slots.all)
        for cursor in [1, 2000, 4092, 4093] { #expect(Slots.next(from: cursor, used: all) == nil) }
        #expect(Slots.next(from: 4000, used: all.subtracting([17])) == 17)
    }

    @Test func aFreedNumberIsTheLastToComeBack() throws {
        var (used, cursor, given) = (Set<Int>(), 1, [Int]())
        // One machine at a time, thousands of times: every address is used once before one is used again.
        for _ in Slots.all {
            let slot = try #require(Slots.next(from: cursor, used: used))
            given.append(slot)
            used = []
            cursor = slot + 1
        }
        #expect(given == Array(Slots.all))
        #expect(Slots.next(from: cursor, used: used) == 1)
    }

    @Test func idRangesDoNotOverlapAndFitBelow31Bits() {
        #expect(Slots.idBase(of: 1) == 0x7000_0000)
        for slot in Slots.all.dropLast() {
            #expect(Slots.idBase(of: slot + 1) - Slots.idBase(of: slot) == 65_536)
        }
        #expect(UInt64(Slots.idBase(of: Slots.all.upperBound)) + 65_536 <= 1 << 31)
    }
}

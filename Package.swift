// swift-tools-version: 6.1
import PackageDescription

/// clang by itself writes DWARF 5, which Debian 12's valgrind gives up on.
let readableByValgrind: [CSetting] = [.unsafeFlags(["-gdwarf-4"])]

/// An arrow of the architecture: a target may import its dependencies and nothing else of this package.
/// `scripts/check` reads the same list from `swift package dump-package`, so it can't drift from the code.
let package = Package(
    name: "box",
    products: [
        .executable(name: "box", targets: ["box"]),
        .executable(name: "boxd", targets: ["boxd"]),
        .library(name: "BoxClient", targets: ["BoxClient"]),
    ],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-async-algorithms", from: "1.1.4"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    ],
    targets: [
        // C libraries: module maps and inline shims for what Swift can't import.
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CSSH2", pkgConfig: "libssh2", providers: [.apt(["libssh2-1-dev", "libssl-dev"])]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .target(name: "CLinux"),
        // An OpenSSL provider is C by nature.
        .target(name: "CKeyStream", cSettings: readableByValgrind, linkerSettings: [.linkedLibrary("crypto")]),

        // Shared by both sides of the wire.
        .target(name: "BoxSystem"),
        .target(name: "BoxCrypto", dependencies: ["CCrypto"]),
        .target(name: "BoxModel"),
        .target(name: "BoxArguments"),

        // The client side.
        .target(name: "BoxClient", dependencies: ["BoxModel", "BoxSystem", "CCurl"]),
        .target(name: "BoxSSH", dependencies: ["BoxCrypto", "BoxModel", "BoxSystem", "CKeyStream", "CSSH2"]),
        .target(name: "BoxCLI", dependencies: ["BoxArguments", "BoxClient", "BoxModel", "BoxSSH", "BoxSystem"]),
        .executableTarget(name: "box", dependencies: ["BoxCLI", "BoxSystem"]),

        // The server side.
        .target(name: "BoxEngine", dependencies: ["BoxModel"]),
        .target(
            name: "HostTools",
            dependencies: ["BoxEngine", "BoxSystem", .product(name: "Subprocess", package: "swift-subprocess")]
        ),
        .target(
            name: "BoxEngineOCI",
            dependencies: [
                "BoxCrypto", "BoxEngine", "BoxModel", "BoxSystem", "CLinux", "HostTools",
                .product(name: "AsyncAlgorithms", package: "swift-async-algorithms"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Subprocess", package: "swift-subprocess"),
            ],
            resources: [
                .embedInCode("Guest/guest.py"), .embedInCode("Guest/boxguest"), .embedInCode("Guest/image-setup.sh"),
                .embedInCode("Guest/pam_box.c"), .embedInCode("Guest/terminal.sh"), .embedInCode("Guest/terminals.ti"),
                .embedInCode("Guest/systemctl"), .embedInCode("Guest/scrot"), .embedInCode("Guest/start-services"),
            ]
        ),
        .target(
            name: "BoxStore",
            dependencies: [
                "BoxCrypto", "BoxModel", "BoxSystem",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .target(
            name: "BoxControl",
            dependencies: [
                "BoxCrypto", "BoxEngine", "BoxModel", "BoxStore", "BoxSystem", "HostTools",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),
        .target(
            name: "BoxServer",
            dependencies: [
                "BoxControl", "BoxCrypto", "BoxEngine", "BoxModel", "BoxStore", "BoxSystem",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            resources: [.embedInCode("openapi.yaml")]
        ),
        .executableTarget(
            name: "boxd",
            dependencies: [
                "BoxArguments", "BoxControl", "BoxEngine", "BoxEngineOCI", "BoxModel", "BoxServer", "BoxStore",
                "BoxSystem", "HostTools",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),

        .testTarget(name: "BoxCryptoTests", dependencies: ["BoxCrypto", "BoxSystem"]),
        .testTarget(name: "BoxSystemTests", dependencies: ["BoxSystem"]),
        .testTarget(name: "BoxModelTests", dependencies: ["BoxModel"]),
        .testTarget(name: "BoxArgumentsTests", dependencies: ["BoxArguments"]),
        .testTarget(name: "BoxClientTests", dependencies: ["BoxClient", "BoxModel"]),
        .testTarget(name: "BoxSSHTests", dependencies: ["BoxModel", "BoxSSH", "CKeyStream"]),
        .testTarget(
            name: "BoxCLITests", dependencies: ["BoxArguments", "BoxCLI", "BoxClient", "BoxModel", "BoxSSH"],
            exclude: ["Golden"]
        ),
        .testTarget(
            name: "BoxEngineOCITests",
            dependencies: [
                "BoxEngine", "BoxEngineOCI", "BoxModel", "BoxSystem", "CLinux", "HostTools",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .testTarget(
            name: "BoxServerTests",
            dependencies: [
                "BoxControl", "BoxEngine", "BoxModel", "BoxServer", "BoxStore",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            exclude: ["Agents/AgentRecordings"]
        ),
    ],
    swiftLanguageModes: [.v6]
)

// What scripts/bench/load compares boxd with. Here, because it takes Hummingbird as boxd has it, built once; and only when it is
// asked for, because nobody else needs it.
if Context.environment["BOX_BENCH"] != nil {
    package.targets.append(
        .executableTarget(
            name: "hello",
            dependencies: [
                .product(name: "Hummingbird", package: "hummingbird"), .product(name: "Logging", package: "swift-log"),
            ], path: "scripts/bench/hello"))
}

// One loop for every target's settings, so that no target is stricter or laxer than its neighbours.
for target in package.targets where target.type != .system {
    target.swiftSettings =
        (target.swiftSettings ?? []) + [
            .enableUpcomingFeature("ExistentialAny"),
            .enableUpcomingFeature("MemberImportVisibility"),
        ]
}

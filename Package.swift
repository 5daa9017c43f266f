// swift-tools-version: 6.2
import PackageDescription

// Our own code has no warnings; CI makes sure of it. Dependencies are not our business.
let strict: [SwiftSetting] =
    Context.environment["MODELAPP_WARNINGS_AS_ERRORS"] == "1" ? [.treatAllWarnings(as: .error)] : []
let settings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ] + strict

let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")

/// A library target with the package's settings.
func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// The tests of a target; all of them may use the test support.
func tests(_ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .testTarget(
        name: name + "Tests",
        dependencies: [.byName(name: name), "TestSupport"] + dependencies,
        exclude: exclude,
        swiftSettings: settings
    )
}

// In the order of docs/architecture.md: a target may only use what stands below it. A test keeps the imports to it.
let package = Package(
    name: "modelapp",
    products: [.executable(name: "modelapp", targets: ["modelapp"])],
    // `traits: []`: one default trait anywhere in the graph links Foundation's ICU data, 45 MB (docs/dependencies.md).
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1.git", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates.git", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0", traits: []),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1", traits: []),
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
    ],
    targets: [
        .executableTarget(
            name: "modelapp",
            dependencies: [
                .product(name: "ArgumentParser", package: "swift-argument-parser"), "DevCluster", "OperatorServer",
                "AsyncHTTPTransport",
                "ModelAppController", "ReleasePlanning", "ImagePackaging", "ContainerRegistry", "ObjectStorage",
                "CloudIdentity", "Trust", "Schedules", "Selection", "Triggers", "ModelAppAPI",
                "KubernetesRuntime", "KubernetesClient", "KubernetesAPI", "HTTPTransport", "Artifacts", "JSON",
                "CMalloc",
                crypto, httpTypes, lifecycle, logging, metrics,
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings
        ),
        library(
            "DevCluster",
            [
                "Selection", "KubernetesClient", "KubernetesAPI", "HTTPTransport", "Artifacts", "JSON", "CExpat",
                crypto,
                hummingbird,
                httpTypes,
                lifecycle, logging, nioCore, nioSSL, .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "X509", package: "swift-certificates"),
            ]
        ),
        library(
            "OperatorServer",
            [
                "Triggers", "HTTPTransport", hummingbird, httpTypes, lifecycle, logging, metrics, nioCore,
                .product(name: "HummingbirdCore", package: "hummingbird"),
            ]
        ),
        library(
            "AsyncHTTPTransport",
            [
                "HTTPTransport", asyncHTTPClient, httpTypes, nioCore, nioPosix, nioSSL,
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ]
        ),
        library(
            "ModelAppController",
            [
                "ReleasePlanning", "ImagePackaging", "ContainerRegistry", "ObjectStorage", "CloudIdentity", "Trust",
                "Schedules", "Selection", "Triggers", "ModelAppAPI", "KubernetesRuntime", "KubernetesClient",
                "KubernetesAPI", "HTTPTransport", "Artifacts", "JSON", crypto,
                httpTypes, lifecycle, logging, metrics,
            ]
        ),
        library(
            "ReleasePlanning",
            ["Schedules", "Selection", "ModelAppAPI", "KubernetesAPI", "Artifacts", "JSON", crypto]
        ),
        library(
            "ImagePackaging",
            ["ContainerRegistry", "ObjectStorage", "HTTPTransport", "Artifacts", "JSON"]
        ),
        library("ContainerRegistry", ["CloudIdentity", "HTTPTransport", "Artifacts", "JSON", crypto, httpTypes]),
        library(
            "ObjectStorage",
            ["CloudIdentity", "HTTPTransport", "Artifacts", "JSON", "CExpat", crypto, httpTypes]
        ),
        library("CloudIdentity", ["Trust", "HTTPTransport", "Artifacts", "JSON", "CExpat", crypto, httpTypes]),
        library("Schedules", ["Artifacts"]),
        library("Selection"),
        library("Triggers", ["ModelAppAPI", "HTTPTransport", "Artifacts", "JSON", crypto]),
        library("ModelAppAPI", ["KubernetesAPI", "Artifacts", "JSON"]),
        library(
            "KubernetesRuntime",
            ["KubernetesClient", "KubernetesAPI", "HTTPTransport", "Artifacts", "JSON", lifecycle, logging, metrics]
        ),
        library(
            "KubernetesClient",
            ["KubernetesAPI", "HTTPTransport", "Artifacts", "JSON", "CYaml", httpTypes, logging, metrics]
        ),
        library("KubernetesAPI", ["JSON"]),
        library("HTTPTransport", ["Artifacts", httpTypes]),
        library("Trust", ["Artifacts", "JSON", "COpenSSL"]),
        library("Artifacts"),
        library("JSON"),
        .systemLibrary(name: "CExpat", pkgConfig: "expat", providers: [.apt(["libexpat1-dev"])]),
        .systemLibrary(name: "CMalloc"),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CYaml", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),

        .target(name: "SeededRandom", path: "Tests/SeededRandom", swiftSettings: settings),
        // Random histories of releases: beside the tests, for `make test-long`, which runs them in a program of its own.
        .target(
            name: "ReleaseHistories",
            dependencies: ["ReleasePlanning", "ModelAppAPI", "KubernetesAPI", "Artifacts", "JSON", "SeededRandom"],
            path: "Tests/Histories",
            swiftSettings: settings
        ),
        .target(
            name: "TestSupport",
            dependencies: [
                "SeededRandom", "HTTPTransport", "KubernetesClient", "KubernetesAPI", "Artifacts", "JSON", httpTypes,
                logging, metrics,
            ],
            path: "Tests/Support",
            swiftSettings: settings
        ),
        tests("JSON"),
        tests(
            "KubernetesRuntime",
            [
                "KubernetesClient", "KubernetesAPI", "HTTPTransport", "Artifacts", "JSON", httpTypes, lifecycle,
                logging,
                metrics,
            ]
        ),
        tests("Artifacts"),
        tests("Trust", ["Artifacts", "JSON", crypto]),
        tests("HTTPTransport", [httpTypes]),
        tests("KubernetesAPI", ["JSON"]),
        tests(
            "KubernetesClient",
            ["KubernetesAPI", "HTTPTransport", "Artifacts", "JSON", httpTypes, logging, metrics]
        ),
        tests("ModelAppAPI", ["KubernetesAPI", "KubernetesClient", "Selection", "JSON"]),
        tests(
            "ReleasePlanning",
            [
                "ReleaseHistories", "KubernetesClient", "Schedules", "Selection", "ModelAppAPI", "KubernetesAPI",
                "Artifacts", "JSON",
            ]
        ),
        tests("AsyncHTTPTransport", ["HTTPTransport", "Artifacts", httpTypes, nioCore, nioPosix, nioSSL]),
        tests(
            "DevCluster",
            [
                "AsyncHTTPTransport", "KubernetesClient", "KubernetesAPI", "HTTPTransport", "Artifacts", "JSON", crypto,
                httpTypes, logging,
            ]
        ),
        tests("Schedules", ["Artifacts"]),
        tests("Selection"),
        tests("Triggers", ["ModelAppAPI", "Artifacts", "JSON", crypto]),
        tests("CloudIdentity", ["Trust", "HTTPTransport", "Artifacts", "JSON", crypto, httpTypes]),
        tests(
            "ObjectStorage",
            ["CloudIdentity", "HTTPTransport", "Artifacts", "JSON", crypto, httpTypes],
            exclude: ["Fixtures"]
        ),
        tests(
            "ImagePackaging",
            [
                "DevCluster", "AsyncHTTPTransport", "ContainerRegistry", "ObjectStorage", "HTTPTransport", "Artifacts",
                "JSON", crypto, httpTypes,
            ]
        ),
        tests("ContainerRegistry", ["HTTPTransport", "Artifacts", "JSON", crypto, httpTypes]),
        tests(
            "ModelAppController",
            [
                "DevCluster", "AsyncHTTPTransport", "ContainerRegistry", "CloudIdentity", "ReleasePlanning",
                "ObjectStorage", "Trust",
                "Schedules", "Selection", "Triggers", "ModelAppAPI",
                "KubernetesRuntime", "KubernetesClient", "KubernetesAPI", "HTTPTransport", "Artifacts", "JSON", crypto,
                httpTypes, lifecycle, logging, metrics,
            ]
        ),
        tests(
            "OperatorServer",
            ["AsyncHTTPTransport", "Triggers", "HTTPTransport", httpTypes, lifecycle, logging, metrics]
        ),
        tests(
            "modelapp",
            [
                "DevCluster", "OperatorServer", "AsyncHTTPTransport", "ModelAppController", "ReleasePlanning",
                "KubernetesRuntime", "KubernetesClient", "KubernetesAPI", "ModelAppAPI", "HTTPTransport", "Artifacts",
                "JSON", httpTypes, lifecycle, logging, metrics,
            ]
        ),
        // The program itself, as a child process, against a real control plane.
        .testTarget(
            name: "RealClusterTests",
            dependencies: [
                "modelapp", "DevCluster", "AsyncHTTPTransport", "ReleasePlanning", "ModelAppAPI", "KubernetesClient",
                "KubernetesAPI", "HTTPTransport", "Artifacts", "JSON", "TestSupport", asyncHTTPClient, crypto,
                httpTypes,
                logging, nioCore, nioSSL,
            ],
            swiftSettings: settings
        ),
    ]
)

/// A program beside the product, for `make bench` and `make fuzz`; it lies in a folder of its own.
func program(
    _ name: String,
    _ dependencies: [Target.Dependency],
    exclude: [String] = [],
    linker: [LinkerSetting] = []
) -> Target {
    .executableTarget(
        name: name,
        dependencies: dependencies,
        path: name,
        exclude: exclude,
        swiftSettings: settings,
        linkerSettings: linker
    )
}

package.targets.append(
    program(
        "Benchmarks",
        [
            "DevCluster", "AsyncHTTPTransport", "ImagePackaging", "ContainerRegistry", "ObjectStorage", "Selection",
            "ModelAppAPI", "KubernetesAPI", "HTTPTransport", "Artifacts", "JSON", httpTypes, logging,
        ]
    )
)

package.targets.append(program("Histories", ["ReleaseHistories", "ReleasePlanning"]))

// `scripts/fuzz` names the runtime of libFuzzer, which not every toolchain has; nothing else builds this target.
if let runtime = Context.environment["MODELAPP_FUZZ_RUNTIME"] {
    package.targets.append(
        program(
            "Fuzz",
            [
                "ModelAppAPI", "ContainerRegistry", "ObjectStorage", "Selection", "KubernetesClient", "KubernetesAPI",
                "Trust", "Artifacts", "JSON",
            ],
            exclude: ["Corpus"],
            linker: [.unsafeFlags([runtime]), .linkedLibrary("stdc++")]
        )
    )
}

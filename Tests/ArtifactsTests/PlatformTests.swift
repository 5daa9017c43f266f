import Artifacts
import Testing

@Suite(.timeLimit(.minutes(1)))
struct PlatformTests {
    @Test(arguments: ["linux/amd64", "linux/arm64/v8", "linux/arm/v7", "windows/amd64", "linux/riscv64"])
    func aPlatformPrintsAsItWasParsed(text: String) throws {
        #expect(try Platform(text).description == text)
    }

    @Test(arguments: [
        "", "linux", "linux/", "/amd64", "linux/amd64/", "linux/arm/v7/x", "Linux/amd64", "linux amd64",
        "linux/amd64\n",
        "linux/amd-64", "linux/\(String(repeating: "a", count: 33))",
    ])
    func whatIsNoPlatformIsRefused(text: String) {
        let error = #expect(throws: ArtifactError.self) { try Platform(text) }
        #expect(error?.code == .platform)
    }

    @Test(arguments: [
        ("linux/amd64", "linux/amd64", true), ("linux/amd64", "linux/arm64", false),
        ("windows/amd64", "linux/amd64", false),
        // Asked for without a variant, any will do.
        ("linux/arm/v7", "linux/arm", true), ("linux/arm/v6", "linux/arm", true),
        ("linux/arm64/v9", "linux/arm64", true),
        // The variant that an image does not name is the usual one of its architecture.
        ("linux/arm64", "linux/arm64/v8", true), ("linux/arm64/v8", "linux/arm64", true),
        ("linux/arm", "linux/arm/v7", true),
        ("linux/amd64", "linux/amd64/v1", true), ("linux/amd64/v1", "linux/amd64", true),
        ("linux/arm", "linux/arm/v6", false), ("linux/arm64/v9", "linux/arm64/v8", false),
        ("linux/arm64", "linux/arm64/v9", false), ("linux/amd64", "linux/amd64/v3", false),
        ("linux/riscv64", "linux/riscv64/x", false),
    ])
    func anImageRunsWhereItsVariantIsTheOneAskedFor(image: String, wanted: String, expected: Bool) throws {
        #expect(try Platform(image).satisfies(Platform(wanted)) == expected)
    }
}

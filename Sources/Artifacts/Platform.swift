/// An operating system and processor architecture as OCI image indexes name them: `linux/arm64/v8`.
public struct Platform: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// GOOS, such as `linux`.
    public var os: String
    /// GOARCH, such as `amd64`.
    public var architecture: String
    /// The variant, such as `v8`, where one is named.
    public var variant: String?

    /// A platform of known parts.
    public init(os: String, architecture: String, variant: String? = nil) {
        self.os = os
        self.architecture = architecture
        self.variant = variant
    }

    /// Parses `os/architecture[/variant]`.
    public init(_ text: String) throws(ArtifactError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let isWord: (String) -> Bool = { part in
            !part.isEmpty && part.utf8.count <= 32
                && part.utf8.allSatisfy { (48...57).contains($0) || (97...122).contains($0) || $0 == 46 || $0 == 95 }
        }
        guard (2...3).contains(parts.count), parts.allSatisfy(isWord) else {
            throw ArtifactError(
                .platform,
                "\"\(text.clipped)\" is not a platform such as linux/amd64 or linux/arm64/v8"
            )
        }
        os = parts[0]
        architecture = parts[1]
        variant = parts.count == 3 ? parts[2] : nil
    }

    /// Linux on x86-64: what is wanted where nothing is known about the nodes.
    public static let linuxAMD64 = Platform(os: "linux", architecture: "amd64")

    /// Whether an image built for `self` runs where `wanted` is asked for. A wanted platform without a variant takes
    /// any variant; without one, `arm64` is `v8`, `arm` is `v7` and `amd64` is `v1` (containerd platforms: Normalize).
    public func satisfies(_ wanted: Platform) -> Bool {
        guard os == wanted.os, architecture == wanted.architecture else { return false }
        return wanted.variant == nil || impliedVariant == wanted.impliedVariant
    }

    private var impliedVariant: String? {
        if let variant { return variant }
        return ["amd64": "v1", "arm": "v7", "arm64": "v8"][architecture]
    }

    /// `os/architecture[/variant]`.
    public var description: String { "\(os)/\(architecture)" + (variant.map { "/" + $0 } ?? "") }

    /// Orders by the printed form.
    public static func < (left: Platform, right: Platform) -> Bool { left.description < right.description }
}

import Artifacts
public import ModelAppAPI

/// What a payload says has changed. Names only: what is there is found out by a scan.
public enum Notice: Sendable, Hashable {
    /// An image or a chart.
    /// - registry: the host; nil where the sender knows itself by another name than those who pull.
    case image(registry: String?, repository: String)
    /// An object in a bucket of S3 or of a compatible store.
    case s3Object(bucket: String, key: String)
    /// A blob of Azure.
    case azureBlob(account: String, container: String, name: String)
    /// Anything.
    case anything
}

/// The halves of a release.
public struct Halves: OptionSet, Sendable, Hashable {
    /// The bits.
    public let rawValue: UInt8
    /// Halves by their bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// The code.
    public static let code = Halves(rawValue: 1)
    /// The model.
    public static let model = Halves(rawValue: 2)
    /// Both.
    public static let both: Halves = [.code, .model]
}

/// Where a ModelApp looks, in the terms of notices: read off its spec once for all notices of a delivery.
public struct WatchedSources: Sendable {
    private let image: ImageReference?
    private let modelImage: ImageReference?
    private let s3: S3Source?
    private let azure: AzureBlobSource?

    /// The sources of a spec. What cannot be read is watched by nobody.
    public init(_ spec: ModelAppSpec) {
        image = try? ImageReference(spec.code.image)
        modelImage = spec.model.oci.flatMap { try? ImageReference($0.repository) }
        s3 = spec.model.s3
        azure = spec.model.azureBlob
    }

    /// Which halves may have changed.
    public func concerned(by notices: some Sequence<Notice>) -> Halves {
        notices.reduce(into: []) { $0.formUnion(concerned(by: $1)) }
    }

    private func concerned(by notice: Notice) -> Halves {
        switch notice {
        case .anything: return .both
        case .image(let registry, let repository):
            var halves: Halves = []
            func isMeant(_ reference: ImageReference?) -> Bool {
                guard let reference, reference.repository == repository else { return false }
                return registry == nil || registry == reference.registry
            }
            if isMeant(image) { halves.insert(.code) }
            if isMeant(modelImage) { halves.insert(.model) }
            return halves
        case .s3Object(let bucket, let key):
            guard let s3, s3.bucket == bucket, key.hasPrefix(s3.prefix) else { return [] }
            return .model
        case .azureBlob(let account, let container, let name):
            guard let azure, azure.account == account, azure.container == container, name.hasPrefix(azure.prefix) else {
                return []
            }
            return .model
        }
    }
}

public import ModelAppAPI
public import Schedules
public import Selection

/// What was found of one half outside the cluster.
public enum HalfResolution<Version: Sendable & Hashable>: Sendable, Hashable {
    /// No scan has ended yet.
    case pending
    /// The scan failed.
    case failed(ResolutionFailure)
    /// Nothing that was found counts.
    case nothingCounts(ResolutionFailure, SelectionOutcome)
    /// The latest version that counts, and how it was chosen where there was a choice.
    case found(Version, SelectionOutcome?)

    /// The latest version that counts.
    public var version: Version? { if case .found(let version, _) = self { version } else { nil } }

    /// Why there is none.
    public var failure: ResolutionFailure? {
        switch self {
        case .failed(let failure), .nothingCounts(let failure, _): failure
        case .pending, .found: nil
        }
    }

    /// Which candidates counted and which did not.
    public var outcome: SelectionOutcome? {
        switch self {
        case .nothingCounts(_, let outcome): outcome
        case .found(_, let outcome): outcome
        case .pending, .failed: nil
        }
    }
}

/// Why a half could not be resolved.
public struct ResolutionFailure: Sendable, Hashable, Error {
    /// One CamelCase word for programs: `SecretNotFound`, `Unauthorized`, `NoCandidate`.
    public var reason: String
    /// For people: the field, what is wrong and what to do. Holds nothing that came from outside unchecked.
    public var message: String
    /// Whether only a change of the spec can help.
    public var isTerminal: Bool

    /// A failure of its parts.
    public init(_ reason: String, _ message: String, isTerminal: Bool = false) {
        self.reason = reason
        self.message = message
        self.isTerminal = isTerminal
    }
}

/// What was looked up outside the cluster.
public struct Resolution: Sendable, Hashable {
    /// The code half.
    public var code: HalfResolution<CodeVersion>
    /// The model half.
    public var model: HalfResolution<ResolvedModel>

    /// The clocks of the time zones that the spec names, as far as they are known.
    public var zones: [String: TimeZoneRules]
    /// Images that count and are older than the latest, the newest first; looked up only where rules about pairs may pass
    /// one of them.
    public var olderCodes: [CodeVersion] = []
    /// Versions of the model that count and are older than the latest, the newest first.
    public var olderModels: [ResolvedModel] = []
    /// What images say of themselves, by digest: the labels that `compatibility` names.
    public var imageLabels: [String: [String: String]] = [:]
    /// What has become of the image that the wanted release needs; nil where nobody asked yet.
    public var bake: BakeResult?
    /// Tags that wait for their age and whose registry tells no push times; nil where no list was read.
    public var sightings: [TagSighting]?
    /// Whether scans wait for their turn, so that some of this is older than it was to be.
    public var awaitsScan = false
    /// The same of versions of the model that are tags.
    public var modelSightings: [TagSighting]?

    /// A resolution of its parts.
    public init(
        code: HalfResolution<CodeVersion>,
        model: HalfResolution<ResolvedModel>,
        zones: [String: TimeZoneRules] = [:]
    ) {
        self.code = code
        self.model = model
        self.zones = zones
    }

    /// Nothing was looked at yet.
    public static let pending = Resolution(code: .pending, model: .pending)
}

/// A version of the model and where its bytes are.
public struct ResolvedModel: Sendable, Hashable {
    /// What the status says about it.
    public var version: ModelVersion
    /// The folder or object that holds it: `s3://bucket/prefix/42/`, `https://account.blob.core.windows.net/...`.
    public var uri: String
    /// Whether these bytes stay available after a newer version is uploaded.
    public var isRestorable: Bool
    /// The version ids by which a store that keeps versions has objects that are overwritten in place, by their names.
    public var objectVersions: [String: String]

    /// A resolved version.
    public init(version: ModelVersion, uri: String, isRestorable: Bool, objectVersions: [String: String] = [:]) {
        self.version = version
        self.uri = uri
        self.isRestorable = isRestorable
        self.objectVersions = objectVersions
    }

    /// The model of a release that was made.
    public init(_ release: Release) {
        self.init(
            version: release.model,
            uri: release.modelURI,
            isRestorable: release.restorable,
            objectVersions: release.objectVersions
        )
    }
}

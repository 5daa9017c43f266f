import JSON

/// A kind of object as one version of the API serves it.
struct ResourceDefinition: Sendable {
    /// The group and plural under which clients see it.
    var name: ResourceName
    var version: String
    var kind: String
    var singular: String
    var shortNames: [String] = []
    var categories: [String] = []
    var isNamespaced = true
    /// The shape of whole objects.
    var schema: TypeSchema
    /// The shape by which managers share objects, where it is another one.
    var mergeSchema: TypeSchema?
    var subresources: Set<String> = []
    /// Where the objects lie, if under another name; such kinds are converted (`EventConversion`).
    var storedAs: ResourceName?
    var behaviour = KindBehaviour()
    var columns: [PrinterColumn] = PrinterColumn.standard
    /// Fields besides `metadata.name` and `metadata.namespace` that a field selector may name.
    var selectableFields: Set<String> = []
    var scale: ScalePaths?
    /// The CustomResourceDefinition that it comes from.
    var custom: CustomKind?
    var verbs = ResourceDefinition.allVerbs

    /// `v1`, or `group/version`.
    var apiVersion: String { name.group.isEmpty ? version : "\(name.group)/\(version)" }
    /// The name that objects are stored under.
    var storage: ResourceName { storedAs ?? name }
    var listKind: String { custom?.listKind ?? kind + "List" }
    var hasStatus: Bool { subresources.contains("status") }

    static let allVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
}

/// What is particular about a kind that comes from a CustomResourceDefinition.
struct CustomKind: Sendable {
    /// The definition's name: `plural.group`.
    var definition: String
    var listKind: String
}

/// Where the scale subresource finds its numbers.
struct ScalePaths: Sendable, Hashable {
    var specReplicas: [String]
    var statusReplicas: [String]
    /// A label selector as an object, or as text.
    var selector: [String]?

    static let workload = ScalePaths(
        specReplicas: ["spec", "replicas"],
        statusReplicas: ["status", "replicas"],
        selector: ["spec", "selector"]
    )
}

/// What a server does with objects of a kind besides storing them.
struct KindBehaviour: Sendable {
    /// What counts as a new generation.
    enum Generation: Sendable {
        /// The kind has no generation.
        case none
        /// A change of the spec.
        case spec
        /// A change of the spec or of the annotations (Deployments: annotations are copied to replica sets).
        case specAndAnnotations
        /// A change of anything but metadata and, where it is a subresource, status (custom resources).
        case content
    }

    var generation = Generation.none
    /// Whether an update may come without a resource version.
    var allowsUnconditionalUpdate = true
    /// Whether a PUT of an object that does not exist creates it.
    var createsOnUpdate = false
    /// Fills in defaults, before anything is compared or owned.
    var setDefaults: @Sendable (inout JSONValue, APIServerProfile) -> Void = { _, _ in }
    /// Sets what only the server decides, when the object is created.
    var prepareCreation: @Sendable (inout JSONValue, inout ServerAllocations) -> Void = { _, _ in }
    /// Keeps what only the server decides, when the object changes.
    var prepareUpdate: @Sendable (_ new: inout JSONValue, _ old: JSONValue, inout ServerAllocations) -> Void = {
        _,
        _,
        _ in
    }
    var validate: @Sendable (JSONValue) -> [FieldIssue] = { _ in [] }
    var validateUpdate: @Sendable (_ new: JSONValue, _ old: JSONValue) -> [FieldIssue] = { _, _ in [] }
    /// How long an object lives on after its deletion was asked for; nil where it goes at once.
    var gracePeriod: @Sendable (JSONValue) -> Int64? = { _ in nil }
}

/// What the server hands out: addresses, ports and random names.
struct ServerAllocations: Sendable {
    private var random: UInt64
    private var addresses: Set<String> = []
    private var ports: Set<Int64> = []

    init(seed: UInt64) { random = seed }

    /// Random bits (SplitMix64), the same for the same seed.
    mutating func next() -> UInt64 {
        random &+= 0x9E37_79B9_7F4A_7C15
        var mixed = random
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A random UUID, version 4.
    mutating func uid() -> String {
        let digits = Array("0123456789abcdef".utf8)
        let (high, low) = (next(), next())
        var text: [UInt8] = []
        for index in 0..<32 {
            if [8, 12, 16, 20].contains(index) { text.append(UInt8(ascii: "-")) }
            let word = index < 16 ? high : low
            var nibble = Int((word >> UInt64((index & 15) * 4)) & 15)
            if index == 12 { nibble = 4 }
            if index == 16 { nibble = 8 | (nibble & 3) }
            text.append(digits[nibble])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The five characters behind `generateName`.
    mutating func suffix() -> String {
        let alphabet = Array("bcdfghjklmnpqrstvwxz2456789".utf8)
        return String(decoding: (0..<5).map { _ in alphabet[Int(next() % UInt64(alphabet.count))] }, as: UTF8.self)
    }

    /// A free address of the service network 10.96.0.0/16; nil where `wanted` is taken or none is free.
    mutating func address(wanted: String?) -> String? {
        if let wanted { return addresses.insert(wanted).inserted ? wanted : nil }
        for _ in 0..<65_536 {
            let bits = next()
            let candidate = "10.96.\((bits >> 8) & 255).\(max(2, min(254, bits & 255)))"
            if addresses.insert(candidate).inserted { return candidate }
        }
        return nil
    }

    mutating func release(address: String) { addresses.remove(address) }

    /// A free node port; nil where `wanted` is taken or none is free.
    mutating func port(wanted: Int64?) -> Int64? {
        if let wanted { return ports.insert(wanted).inserted ? wanted : nil }
        for _ in 0..<65_536 {
            let candidate = 30_000 + Int64(next() % 2768)
            if ports.insert(candidate).inserted { return candidate }
        }
        return nil
    }

    mutating func release(port: Int64) { ports.remove(port) }
}

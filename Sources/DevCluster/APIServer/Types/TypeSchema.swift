import JSON

/// How the API server understands the values of one type: their shape, how two managers share them, and what is checked.
///
/// One representation serves built-in kinds (`TypeTable`) and custom resources (`CustomSchema`), so that server-side
/// apply, pruning and defaulting exist once.
final class TypeSchema: Sendable {
    /// The shape of a value.
    enum Kind: Sendable, Hashable {
        /// Any JSON.
        case any
        case string
        case integer
        case number
        case boolean
        /// A resource quantity such as `100m`, stored in its canonical form.
        case quantity
        /// A whole number or a string.
        case intOrString
        /// Base64.
        case bytes
        /// RFC 3339 with whole seconds.
        case time
        /// RFC 3339 with microseconds.
        case microTime
        case list
        /// An object with any member names and one type of value.
        case map
        /// An object with declared members.
        case structure
    }

    /// What field managers own of a list or an object (structured-merge-diff).
    enum Merge: Sendable, Hashable {
        /// Each member on its own.
        case granular
        /// The value as a whole.
        case atomic
        /// Each element, identified by its value.
        case set
        /// Each element, identified by these members of it.
        case keyed([String])
    }

    /// How a strategic merge patch treats a list.
    enum PatchStrategy: Sendable, Hashable {
        case replace
        /// Elements are values; those missing are added.
        case mergeValues
        /// Elements are identified by this member.
        case mergeBy(String)
    }

    /// What becomes of an empty value of a built-in type when it is stored (Go's `omitempty`).
    enum Presence: Sendable, Hashable {
        /// Kept as it is: a pointer.
        case asGiven
        /// `""`, `0`, `false` and empty containers are left out.
        case droppedIfEmpty
        /// A structure that is written even where it is empty.
        case always
    }

    let kind: Kind
    /// The declared members of a structure.
    let fields: [String: TypeSchema]
    /// The type of a list's elements or a map's values.
    let element: TypeSchema?
    let merge: Merge
    let patch: PatchStrategy
    let presence: Presence
    let defaultValue: JSONValue?
    /// Whether members that are not declared are kept.
    let preservesUnknown: Bool
    /// Whether the value is an object of the API with `apiVersion`, `kind` and `metadata` of its own.
    let isEmbeddedObject: Bool
    let isNullable: Bool
    /// What a custom resource's schema demands beyond the shape.
    let constraints: SchemaConstraints?
    /// The name of the definition in OpenAPI documents; empty where it has none.
    let name: String
    /// What `kubectl explain` says of it; empty where nothing was said.
    let documentation: String

    init(
        _ kind: Kind,
        fields: [String: TypeSchema] = [:],
        element: TypeSchema? = nil,
        merge: Merge = .granular,
        patch: PatchStrategy = .replace,
        presence: Presence = .asGiven,
        defaultValue: JSONValue? = nil,
        preservesUnknown: Bool = false,
        isEmbeddedObject: Bool = false,
        isNullable: Bool = false,
        constraints: SchemaConstraints? = nil,
        name: String = "",
        documentation: String = ""
    ) {
        self.kind = kind
        self.fields = fields
        self.element = element
        self.merge = merge
        self.patch = patch
        self.presence = presence
        self.defaultValue = defaultValue
        self.preservesUnknown = preservesUnknown
        self.isEmbeddedObject = isEmbeddedObject
        self.isNullable = isNullable
        self.constraints = constraints
        self.name = name
        self.documentation = documentation
    }

    /// A value nobody described: objects by member, lists as a whole (`__untyped_deduced_`).
    static let deduced = TypeSchema(.any)
    /// A value nobody described that is owned as a whole (`__untyped_atomic_`).
    static let atomic = TypeSchema(.any, merge: .atomic)

    /// The type of the member called `name`; nil where no such member may exist.
    func member(_ name: String) -> TypeSchema? {
        if let field = fields[name] { return field }
        switch kind {
        case .map: return element
        case .any: return merge == .atomic ? .atomic : .deduced
        default: return preservesUnknown ? .deduced : nil
        }
    }

    /// Whether `name` is a member of the declaration, not a key that the user chose.
    func declares(_ name: String) -> Bool { fields[name] != nil }

    /// Whether a value of this type may hold an int-or-string anywhere.
    var mentionsIntOrString: Bool {
        kind == .intOrString || element?.mentionsIntOrString == true
            || fields.values.contains { $0.name.isEmpty && $0.mentionsIntOrString }
    }

    /// The type of a list's elements.
    var elementOrDeduced: TypeSchema { element ?? .deduced }

    /// The same type, present otherwise.
    func with(presence: Presence) -> TypeSchema {
        TypeSchema(
            kind,
            fields: fields,
            element: element,
            merge: merge,
            patch: patch,
            presence: presence,
            defaultValue: defaultValue,
            preservesUnknown: preservesUnknown,
            isEmbeddedObject: isEmbeddedObject,
            isNullable: isNullable,
            constraints: constraints,
            name: name,
            documentation: documentation
        )
    }
}

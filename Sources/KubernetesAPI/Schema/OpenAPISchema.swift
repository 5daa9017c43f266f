public import JSON

/// A structural schema as CustomResourceDefinitions carry it (apiextensions.k8s.io/v1 `JSONSchemaProps`).
public struct OpenAPISchema: Sendable, Hashable {
    /// The JSON types of a structural schema.
    public enum Kind: String, Sendable, Hashable {
        case object
        case array
        case string
        case integer
        case number
        case boolean
    }

    /// A rule in the Common Expression Language with the message of its violation.
    public struct Validation: Sendable, Hashable {
        /// The expression over `self`.
        public var rule: String
        /// What the user reads.
        public var message: String
    }

    /// The type; nil for int-or-string and for values of any type.
    public var kind: Kind?
    /// What the value is for.
    public var description = ""
    /// The members of an object.
    public var properties: [String: OpenAPISchema] = [:]
    /// The members an object must have.
    public var required: [String] = []
    /// Groups of members of which exactly one must be there.
    public var exactlyOneOf: [[String]] = []
    /// Groups of members of which at most one may be there.
    public var atMostOneOf: [[String]] = []
    /// The values of an enumeration.
    public var enumeration: [String] = []
    /// A pattern in RE2's dialect that a string must contain.
    public var pattern: String?
    /// The `format` of a number or string.
    public var format: String?
    /// The least number.
    public var minimum: Int64?
    /// The greatest number.
    public var maximum: Int64?
    /// The least length of a string, in code points.
    public var minLength: Int?
    /// The greatest length of a string, in code points.
    public var maxLength: Int?
    /// The least count of a list.
    public var minItems: Int?
    /// The greatest count of a list.
    public var maxItems: Int?
    /// The least count of members.
    public var minProperties: Int?
    /// The greatest count of members.
    public var maxProperties: Int?
    /// How server-side apply merges a list: `map`, `set` or `atomic`.
    public var listType: String?
    /// The members that identify an element of a `map` list.
    public var listMapKeys: [String] = []
    /// `atomic` where an object is owned as a whole.
    public var mapType: String?
    /// Whether members that are not declared are kept.
    public var preservesUnknownFields = false
    /// Whether the value may be a number or a string.
    public var isIntOrString = false
    /// What the server fills in where the member is absent.
    public var defaultValue: JSONValue?
    /// Rules in CEL.
    public var validations: [Validation] = []
    private var itemSchema: [OpenAPISchema] = []
    private var valueSchema: [OpenAPISchema] = []

    /// A schema of one type.
    public init(_ kind: Kind?, format: String? = nil) {
        self.kind = kind
        self.format = format
    }

    /// The schema of a list's elements.
    public var items: OpenAPISchema? {
        get { itemSchema.first }
        set { itemSchema = newValue.map { [$0] } ?? [] }
    }

    /// The schema of a map's values.
    public var additionalProperties: OpenAPISchema? {
        get { valueSchema.first }
        set { valueSchema = newValue.map { [$0] } ?? [] }
    }
}

extension OpenAPISchema {
    /// A change to a schema that narrows what it accepts.
    public struct Constraint: Sendable {
        let apply: @Sendable (inout OpenAPISchema) -> Void

        /// At most `count` code points.
        public static func maxLength(_ count: Int) -> Constraint { Constraint { $0.maxLength = count } }
        /// At least `count` code points.
        public static func minLength(_ count: Int) -> Constraint { Constraint { $0.minLength = count } }
        /// A pattern in RE2's dialect.
        public static func pattern(_ pattern: String) -> Constraint { Constraint { $0.pattern = pattern } }
        /// A number within a range.
        public static func range(_ range: ClosedRange<Int64>) -> Constraint {
            Constraint { schema in
                schema.minimum = range.lowerBound
                schema.maximum = range.upperBound
            }
        }
        /// At most `count` elements.
        public static func maxItems(_ count: Int) -> Constraint { Constraint { $0.maxItems = count } }
        /// At least `count` elements.
        public static func minItems(_ count: Int) -> Constraint { Constraint { $0.minItems = count } }
        /// At most `count` members.
        public static func maxProperties(_ count: Int) -> Constraint { Constraint { $0.maxProperties = count } }
        /// Elements of at most `count` code points.
        public static func itemMaxLength(_ count: Int) -> Constraint { Constraint { $0.items?.maxLength = count } }
        /// Numbers within a range as elements.
        public static func itemRange(_ range: ClosedRange<Int64>) -> Constraint {
            Constraint { schema in
                schema.items?.minimum = range.lowerBound
                schema.items?.maximum = range.upperBound
            }
        }
        /// Map values of at most `count` code points.
        public static func valueMaxLength(_ count: Int) -> Constraint {
            Constraint { $0.additionalProperties?.maxLength = count }
        }
        /// Elements are identified by these members.
        public static func listMap(_ keys: String...) -> Constraint {
            Constraint { schema in
                schema.listType = "map"
                schema.listMapKeys = keys
            }
        }
        /// Elements are their own identity.
        public static let listSet = Constraint { $0.listType = "set" }
        /// The list is owned and replaced as a whole.
        public static let atomicList = Constraint { $0.listType = "atomic" }
        /// Filled in by the server where absent.
        public static func defaulted(_ value: JSONValue) -> Constraint { Constraint { $0.defaultValue = value } }
        /// One of these strings.
        public static func oneOf(_ values: String...) -> Constraint { Constraint { $0.enumeration = values } }
    }

    /// A rule over several members of an object.
    public struct Rule: Sendable {
        let apply: @Sendable (inout OpenAPISchema) -> Void

        /// Exactly one of the members must be there.
        public static func exactlyOne(of names: String...) -> Rule {
            Rule { schema in
                schema.exactlyOneOf.append(names)
                let sum = names.map { "(has(self.\($0)) ? 1 : 0)" }.joined(separator: " + ")
                schema.validations.append(
                    Validation(
                        rule: "\(sum) == 1",
                        message: "exactly one of \(names.joined(separator: ", ")) is needed"
                    )
                )
            }
        }

        /// At most one of the members may be there.
        public static func atMostOne(of names: String...) -> Rule {
            Rule { schema in
                schema.atMostOneOf.append(names)
                let sum = names.map { "(has(self.\($0)) ? 1 : 0)" }.joined(separator: " + ")
                schema.validations.append(
                    Validation(
                        rule: "\(sum) <= 1",
                        message: "at most one of \(names.joined(separator: ", ")) may be set"
                    )
                )
            }
        }

        /// A CEL expression with its message. Servers without CEL ignore it, so Swift has to check the same.
        public static func cel(_ rule: String, _ message: String) -> Rule {
            Rule { $0.validations.append(Validation(rule: rule, message: message)) }
        }
    }

    mutating func apply(_ rule: Rule) { rule.apply(&self) }
}

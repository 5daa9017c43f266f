import JSON

/// What names, labels and annotations may look like (apimachinery `util/validation`).
enum NameRules {
    /// Letters, digits, `-` and, for subdomains, `.`; starting and ending with a letter or digit.
    static func isLabelName(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, let last = bytes.last, bytes.count <= 63 else { return false }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }

    static func isSubdomain(_ text: String) -> Bool {
        guard !text.isEmpty, text.utf8.count <= 253 else { return false }
        return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
            let bytes = Array(part.utf8)
            guard let first = bytes.first, let last = bytes.last else { return false }
            return isAlphanumeric(first) && isAlphanumeric(last)
                && bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
        }
    }

    /// A path segment: anything without `/` and `%` that is not `.` or `..` (names of RBAC objects).
    static func isPathSegment(_ text: String) -> Bool {
        !text.isEmpty && text != "." && text != ".." && !text.contains("/") && !text.contains("%")
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte)
    }

    private static func isQualifiedNamePart(_ text: Substring) -> Bool {
        let bytes = Array(text.utf8)
        func isWord(_ byte: UInt8) -> Bool {
            isAlphanumeric(byte | 0x20) && byte != UInt8(ascii: "@") || (0x30...0x39).contains(byte)
        }
        guard let first = bytes.first, let last = bytes.last, bytes.count <= 63 else { return false }
        return isWord(first) && isWord(last)
            && bytes.allSatisfy { isWord($0) || $0 == 0x2D || $0 == 0x5F || $0 == 0x2E }
    }

    /// `name` or `prefix/name`.
    static func isQualifiedName(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        switch parts.count {
        case 1: return isQualifiedNamePart(parts[0])
        case 2: return isSubdomain(String(parts[0])) && isQualifiedNamePart(parts[1])
        default: return false
        }
    }

    static func isLabelValue(_ text: String) -> Bool { text.isEmpty || isQualifiedNamePart(text[...]) }

    private static let labelRule =
        "a DNS-1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an "
        + "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
        + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
    static let subdomainRule =
        "a DNS-1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with "
        + "an alphanumeric character (e.g. 'example.com', regex used for validation is "
        + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"

    /// What is wrong with the name of a part of an object.
    static func labelIssues(_ name: JSONValue?, at field: String) -> [FieldIssue] {
        guard let text = name?.string, !text.isEmpty else { return [.required(field)] }
        return isLabelName(text) ? [] : [.invalid(field, name, labelRule)]
    }

    /// What is wrong with an object's metadata.
    static func issues(_ object: JSONValue, kind: String, isCustom: Bool) -> [FieldIssue] {
        let metadata = object["metadata"] ?? .null
        var issues: [FieldIssue] = []
        let name = metadata["name"]?.string ?? ""
        if name.isEmpty {
            issues.append(.required("metadata.name", "name or generateName is required"))
        } else {
            let isRBAC = ["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"].contains(kind)
            let isShort = kind == "Service" || kind == "Namespace"
            let isValid = isRBAC ? isPathSegment(name) : isShort ? isLabelName(name) : isSubdomain(name)
            if !isValid { issues.append(.invalid("metadata.name", .string(name), isShort ? labelRule : subdomainRule)) }
        }
        issues += labelMapIssues(metadata["labels"], at: "metadata.labels")
        var size = 0
        for (key, value) in (metadata["annotations"]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
            if !isQualifiedName(key.lowercased()) {
                issues.append(
                    .invalid(
                        "metadata.annotations",
                        .string(key),
                        "a qualified name must consist of alphanumeric characters, '-', '_' or '.'"
                    )
                )
            }
            size += key.utf8.count + (value.string?.utf8.count ?? 0)
        }
        if size > 256 << 10 {
            issues.append(
                FieldIssue(
                    kind: .tooLong,
                    field: "metadata.annotations",
                    message: "Too long: must have at most 262144 bytes"
                )
            )
        }
        for owner in metadata["ownerReferences"]?.array ?? [] {
            for member in ["apiVersion", "kind", "name", "uid"] where (owner[member]?.string ?? "").isEmpty {
                issues.append(
                    .invalid("metadata.ownerReferences.\(member)", "", "\(member) must not be empty")
                )
            }
        }
        let controllers = (metadata["ownerReferences"]?.array ?? []).filter { $0["controller"] == true }
        if controllers.count > 1 {
            issues.append(
                .invalid(
                    "metadata.ownerReferences",
                    .array(controllers),
                    "Only one reference can have Controller set to true"
                )
            )
        }
        for (index, finalizer) in (metadata["finalizers"]?.array ?? []).enumerated() {
            let text = finalizer.string ?? ""
            if !isQualifiedName(text) {
                issues.append(.invalid("metadata.finalizers[\(index)]", finalizer, "name part must be non-empty"))
            } else if !isCustom, !text.contains("/"), !["orphan", "foregroundDeletion", "kubernetes"].contains(text) {
                let rule = "name is neither a standard finalizer name nor is it fully qualified"
                issues.append(.invalid("metadata.finalizers[\(index)]", finalizer, rule))
            }
        }
        return issues
    }

    /// What is wrong with a map of labels.
    static func labelMapIssues(_ labels: JSONValue?, at field: String) -> [FieldIssue] {
        var issues: [FieldIssue] = []
        for (key, value) in (labels?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
            if !isQualifiedName(key) {
                issues.append(
                    .invalid(field, .string(key), "name part must consist of alphanumeric characters, '-', '_' or '.'")
                )
            }
            if let text = value.string, !isLabelValue(text) {
                issues.append(
                    .invalid(
                        field,
                        value,
                        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
                    )
                )
            }
        }
        return issues
    }
}

/// Which scalars differ only in case, by Unicode's simple case folding (CaseFolding.txt, status C and S): what
/// `(?i)` regards as the same letter.
///
/// The standard library has the case mappings but not the folding, so the orbit is closed over the one-scalar
/// mappings; the letters that no mapping leads to (such as the Kelvin sign from `k`) are listed.
enum CaseOrbit {
    /// The scalar and all its equivalents, without duplicates.
    static func members(of value: UInt32) -> [UInt32] {
        if value < 128 {
            let isUpper = (65...90).contains(value)
            guard isUpper || (97...122).contains(value) else { return [value] }
            let pair = isUpper ? [value, value + 32] : [value, value - 32]
            return pair + (unreachable[isUpper ? value + 32 : value] ?? [])
        }
        guard let scalar = Unicode.Scalar(value) else { return [value] }
        let base = folded(scalar)
        var members = [value]
        func add(_ member: UInt32) { if !members.contains(member) { members.append(member) } }
        add(base.value)
        for mapping in [base.properties.uppercaseMapping, base.properties.titlecaseMapping] {
            if let one = single(mapping), folded(one) == base { add(one.value) }
        }
        unreachable[base.value]?.forEach(add)
        return members
    }

    /// The representative of the orbit: lower case of the upper case, by mappings to one scalar.
    private static func folded(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        if let irregular = irregular[scalar.value] { return irregular }
        let upper = single(scalar.properties.uppercaseMapping) ?? scalar
        return single(upper.properties.lowercaseMapping) ?? upper
    }

    private static func single(_ mapping: String) -> Unicode.Scalar? {
        var scalars = mapping.unicodeScalars.makeIterator()
        guard let first = scalars.next(), scalars.next() == nil else { return nil }
        return first
    }

    /// Letters that fold to something else than their case mappings lead to.
    private static let irregular: [UInt32: Unicode.Scalar] = [
        0x131: "\u{131}",  // dotless i folds to itself; its upper case I would lead to i
        0x1fd3: "\u{390}",  // Greek letters with two accents that are encoded twice
        0x1fe3: "\u{3b0}",
        0xfb05: "\u{fb06}",  // ligatures of long s and t, and of s and t
    ]

    /// Equivalents that no case mapping of the representative yields.
    private static let unreachable: [UInt32: [UInt32]] = [
        0x6b: [0x212a],  // k, Kelvin sign
        0x73: [0x17f],  // s, long s
        0xdf: [0x1e9e],  // sharp s
        0xe5: [0x212b],  // a with ring, Angstrom sign
        0x390: [0x1fd3],
        0x3b0: [0x1fe3],
        0x3b2: [0x3d0],  // beta and its symbol; likewise below
        0x3b5: [0x3f5],
        0x3b8: [0x3d1, 0x3f4],
        0x3b9: [0x345, 0x1fbe],
        0x3ba: [0x3f0],
        0x3bc: [0xb5],
        0x3c0: [0x3d6],
        0x3c1: [0x3f1],
        0x3c3: [0x3c2],
        0x3c6: [0x3d5],
        0x3c9: [0x2126],
        0x432: [0x1c80],
        0x434: [0x1c81],
        0x43e: [0x1c82],
        0x441: [0x1c83],
        0x442: [0x1c84, 0x1c85],
        0x44a: [0x1c86],
        0x463: [0x1c87],
        0xa64b: [0x1c88],
        0x1e61: [0x1e9b],
        0xfb06: [0xfb05],
    ]
}

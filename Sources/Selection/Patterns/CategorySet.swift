/// A set of Unicode general categories, as `\pL` or `\p{Lu}` name them.
///
/// The categories are those of the standard library's Unicode version. Scripts (`\p{Greek}`) are not there, and no
/// table is carried for them: the parser says so.
struct CategorySet: OptionSet, Sendable, Hashable {
    let rawValue: UInt32

    /// Every scalar, assigned or not.
    static let any = CategorySet(rawValue: .max)

    private init(_ categories: [Unicode.GeneralCategory]) {
        rawValue = categories.reduce(0) { $0 | CategorySet.bit(of: $1) }
    }

    init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The set of a name as RE2 knows it: one letter, two letters, or `Any`; nil for anything else. As in RE2, `C`
    /// leaves the unassigned out, and `Cn`, `LC` and `L&` are no names.
    init?(name: String) {
        switch name {
        case "Any": self = .any
        case "L": self.init([.uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter])
        case "Lu": self.init([.uppercaseLetter])
        case "Ll": self.init([.lowercaseLetter])
        case "Lt": self.init([.titlecaseLetter])
        case "Lm": self.init([.modifierLetter])
        case "Lo": self.init([.otherLetter])
        case "M": self.init([.nonspacingMark, .spacingMark, .enclosingMark])
        case "Mn": self.init([.nonspacingMark])
        case "Mc": self.init([.spacingMark])
        case "Me": self.init([.enclosingMark])
        case "N": self.init([.decimalNumber, .letterNumber, .otherNumber])
        case "Nd": self.init([.decimalNumber])
        case "Nl": self.init([.letterNumber])
        case "No": self.init([.otherNumber])
        case "P":
            self.init([
                .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
                .finalPunctuation, .otherPunctuation,
            ])
        case "Pc": self.init([.connectorPunctuation])
        case "Pd": self.init([.dashPunctuation])
        case "Ps": self.init([.openPunctuation])
        case "Pe": self.init([.closePunctuation])
        case "Pi": self.init([.initialPunctuation])
        case "Pf": self.init([.finalPunctuation])
        case "Po": self.init([.otherPunctuation])
        case "S": self.init([.mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol])
        case "Sm": self.init([.mathSymbol])
        case "Sc": self.init([.currencySymbol])
        case "Sk": self.init([.modifierSymbol])
        case "So": self.init([.otherSymbol])
        case "Z": self.init([.spaceSeparator, .lineSeparator, .paragraphSeparator])
        case "Zs": self.init([.spaceSeparator])
        case "Zl": self.init([.lineSeparator])
        case "Zp": self.init([.paragraphSeparator])
        case "C": self.init([.control, .format, .surrogate, .privateUse])
        case "Cc": self.init([.control])
        case "Cf": self.init([.format])
        case "Cs": self.init([.surrogate])
        case "Co": self.init([.privateUse])
        default: return nil
        }
    }

    /// Whether the scalar's category is in the set.
    func contains(scalar value: UInt32) -> Bool {
        if self == .any { return true }
        guard !isEmpty, let scalar = Unicode.Scalar(value) else { return false }
        return rawValue & CategorySet.bit(of: scalar.properties.generalCategory) != 0
    }

    private static func bit(of category: Unicode.GeneralCategory) -> UInt32 {
        let index: UInt32 =
            switch category {
            case .uppercaseLetter: 0
            case .lowercaseLetter: 1
            case .titlecaseLetter: 2
            case .modifierLetter: 3
            case .otherLetter: 4
            case .nonspacingMark: 5
            case .spacingMark: 6
            case .enclosingMark: 7
            case .decimalNumber: 8
            case .letterNumber: 9
            case .otherNumber: 10
            case .connectorPunctuation: 11
            case .dashPunctuation: 12
            case .openPunctuation: 13
            case .closePunctuation: 14
            case .initialPunctuation: 15
            case .finalPunctuation: 16
            case .otherPunctuation: 17
            case .mathSymbol: 18
            case .currencySymbol: 19
            case .modifierSymbol: 20
            case .otherSymbol: 21
            case .spaceSeparator: 22
            case .lineSeparator: 23
            case .paragraphSeparator: 24
            case .control: 25
            case .format: 26
            case .surrogate: 27
            case .privateUse: 28
            case .unassigned: 29
            @unknown default: 30
            }
        return 1 << index
    }
}

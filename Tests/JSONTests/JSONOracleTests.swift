import Foundation
import JSON
import TestSupport
import Testing

/// The reader against Foundation's, on random documents and on damaged ones.
@Suite(.timeLimit(.minutes(1)))
struct JSONOracleTests {
    @Test(arguments: 1...300 as ClosedRange<UInt64>)
    func aRandomDocumentReadsAsWhatWasWritten(seed: UInt64) throws {
        var random = RandomJSON(generator: SplitMix64(seed: seed))
        let value = random.value()
        let text = random.write(value)
        #expect(try JSONValue(parsing: text) == value, "\(text)")
        #expect(try JSONValue(parsing: value.canonicalBytes) == value)
        #expect(try JSONValue(parsing: value.prettyText) == value)
        guard Oracle.isComparable(Array(text.utf8)) else { return }
        let oracle = try #require(Oracle.read(Array(text.utf8)), "Foundation refuses \(text)")
        #expect(Oracle.same(value, oracle), "\(text)")
    }

    @Test(arguments: 1...300 as ClosedRange<UInt64>)
    func aDamagedDocumentIsRefusedExactlyWhereFoundationRefusesIt(seed: UInt64) {
        var random = RandomJSON(generator: SplitMix64(seed: seed))
        let value = random.value()
        let whole = Array(random.write(value).utf8)
        for _ in 0..<20 {
            var bytes = whole
            damage(&bytes, &random.generator)
            let ours = try? JSONValue(parsing: bytes)
            guard Oracle.isComparable(bytes) else { continue }
            let oracle = Oracle.read(bytes)
            let text = String(decoding: bytes, as: UTF8.self)
            #expect((ours != nil) == (oracle != nil), "seed \(seed): \(text)")
            if let ours, let oracle { #expect(Oracle.same(ours, oracle), "seed \(seed): \(text)") }
        }
    }

    @Test(arguments: 1...100 as ClosedRange<UInt64>)
    func whatCanBeReadCanBeSkippedAndNothingElse(seed: UInt64) {
        var random = RandomJSON(generator: SplitMix64(seed: seed))
        let value = random.value()
        let whole = Array(random.write(value).utf8)
        for _ in 0..<20 {
            var bytes = whole
            damage(&bytes, &random.generator)
            var reader = JSONReader(bytes)
            let skips: Bool
            do throws(JSONError) {
                try reader.skip()
                try reader.finish()
                skips = true
            } catch {
                skips = false
            }
            #expect(skips == ((try? JSONValue(parsing: bytes)) != nil), "\(String(decoding: bytes, as: UTF8.self))")
        }
    }

    private func damage(_ bytes: inout [UInt8], _ generator: inout SplitMix64) {
        let marks = Array("{}[]\",:\\u0-+.eE truefalsn/1\u{0}".utf8) + [0x80, 0xFF, 0xC3, 0xED]
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            let mark = marks.randomElement(using: &generator) ?? 0
            guard let index = bytes.indices.randomElement(using: &generator) else { return bytes.append(mark) }
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: bytes[index] = mark
            case 1: bytes.insert(mark, at: index)
            case 2: bytes.remove(at: index)
            default: bytes.removeSubrange(index...)
            }
        }
    }
}

/// Foundation's reading, and where it differs from ours on purpose.
private enum Oracle {
    static func read(_ bytes: [UInt8]) -> NSObject? {
        (try? JSONSerialization.jsonObject(with: Data(bytes), options: [.fragmentsAllowed])) as? NSObject
    }

    /// Ours repairs invalid UTF-8 and lone surrogates as Go does, keeps numbers beyond a double, and reads nothing but
    /// UTF-8. Foundation drops every U+FEFF, also inside strings, and takes a comma behind a last element.
    static func isComparable(_ bytes: [UInt8]) -> Bool {
        guard let text = String(validating: bytes, as: UTF8.self), !bytes.prefix(4).contains(0),
            !text.unicodeScalars.contains("\u{FEFF}")
        else { return false }
        let lower = text.lowercased()
        if ["\\ud8", "\\ud9", "\\uda", "\\udb", "\\udc", "\\udd", "\\ude", "\\udf"].contains(where: lower.contains) {
            return false
        }
        if lower.firstRange(of: /,\s*[\]}]/) != nil { return false }
        return lower.firstRange(of: /[0-9]e\+?[0-9]{3}/) == nil && lower.firstRange(of: /[0-9]{30}/) == nil
    }

    static func same(_ value: JSONValue, _ oracle: NSObject) -> Bool {
        switch value {
        case .null: return oracle is NSNull
        case .bool(let bool): return (oracle as? NSNumber)?.boolValue == bool
        case .integer(let number): return (oracle as? NSNumber)?.int64Value == number
        case .decimal(let text):
            guard let theirs = (oracle as? NSNumber)?.doubleValue, let ours = Double(text) else { return false }
            return theirs == ours || abs(theirs - ours) <= abs(ours) * 1e-12
        case .string(let text): return (oracle as? NSString).map { String(describing: $0) == text } ?? false
        case .array(let elements):
            guard let theirs = oracle as? [NSObject] ?? (oracle as? NSArray as? [NSObject]),
                theirs.count == elements.count
            else { return false }
            return zip(elements, theirs).allSatisfy { same($0, $1) }
        case .object(let members):
            guard let theirs = oracle as? [String: NSObject] ?? (oracle as? NSDictionary as? [String: NSObject]),
                theirs.count == members.count
            else { return false }
            return members.allSatisfy { name, member in theirs[name].map { same(member, $0) } ?? false }
        }
    }
}

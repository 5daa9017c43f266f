public import JSON
public import ModelAppAPI

/// How far the answers of two releases to the same inputs differ.
public struct PredictionTally: Sendable, Hashable {
    private let path: JSONPath?
    private let tolerance: Double
    private let least: Double
    private let maxDrift: Double?
    /// The inputs that both were asked.
    public private(set) var inputs = 0
    /// Those whose answers agree.
    public private(set) var agreeing = 0
    /// Those whose answers are numbers.
    public private(set) var numbers = 0
    /// The sum of the differences of numbers.
    public private(set) var distance = 0.0
    /// The first input whose answers differ, counted from 1.
    public private(set) var firstDifference: Int?

    /// Nothing was asked yet.
    public init(_ check: PredictionCheck) throws(JSONPath.ParseError) {
        if let text = check.jsonPath { path = try JSONPath(text) } else { path = nil }
        tolerance = check.tolerance.flatMap { Double($0.text) } ?? 0
        least = check.agreement.flatMap { Double($0.text) } ?? 1
        maxDrift = check.maxDrift.flatMap { Double($0.text) }
    }

    /// What is compared of an answer; nil where it is not there.
    public func value(in answer: [UInt8]) -> JSONValue? {
        guard let document = try? JSONValue(parsing: answer) else {
            return path == nil ? .string(String(decoding: answer, as: UTF8.self)) : nil
        }
        guard let path else { return document }
        return path.value(in: document)
    }

    /// Counts the answers to one input; nil is an answer that the candidate did not give.
    public mutating func add(running: JSONValue, candidate: JSONValue?) {
        inputs += 1
        if let candidate, agree(running, candidate) {
            agreeing += 1
        } else if firstDifference == nil {
            firstDifference = inputs
        }
    }

    private mutating func agree(_ running: JSONValue, _ candidate: JSONValue) -> Bool {
        guard let first = Self.number(running), let second = Self.number(candidate) else { return running == candidate }
        let difference = (first - second).magnitude
        numbers += 1
        distance += difference
        return difference <= tolerance
    }

    private static func number(_ value: JSONValue) -> Double? {
        switch value {
        case .integer, .decimal: Double(value.canonicalText).flatMap { $0.isFinite ? $0 : nil }
        default: nil
        }
    }

    /// The difference, for people: numbers alone, nothing that an application said.
    public var text: String {
        var text = "\(agreeing) of \(inputs) answers agree"
        if numbers > 0 { text += ", mean difference \(Self.rounded(distance / Double(numbers)))" }
        if let firstDifference { text += ", the first that differs is input \(firstDifference)" }
        return text
    }

    /// Whether it lies within the budget.
    public var verdict: CheckVerdict {
        guard inputs > 0 else { return .blocked(reason: "NoData", message: "there are no inputs") }
        if Double(agreeing) < least * Double(inputs) - 1e-9 {
            return .failed(message: "\(text); at least \(Self.rounded(least)) of them have to", detail: nil)
        }
        if let maxDrift, numbers > 0, distance / Double(numbers) > maxDrift {
            return .failed(message: "\(text); at most \(Self.rounded(maxDrift)) is allowed", detail: nil)
        }
        return .measured(message: text)
    }

    /// Four digits behind the point are enough for people.
    private static func rounded(_ number: Double) -> String { "\((number * 10_000).rounded() / 10_000)" }
}

import Artifacts
import JSON
public import ModelAppAPI

extension HTTPExpectation {
    /// What an answer says of the release that gave it.
    /// - Parameters:
    ///   - body: as much of it as was read.
    ///   - took: from the request to the end of the answer.
    public func verdict(status code: Int, body: [UInt8], took: Duration) -> CheckVerdict {
        if let status {
            if Int64(code) != status { return .failed(message: "status \(code), not \(status)", detail: text(body)) }
        } else if !(200...299).contains(code) {
            return .failed(message: "status \(code), not one of 200 to 299", detail: text(body))
        }
        if let latency, took > latency.duration {
            return .failed(message: "the answer took \(took.goText), more than \(latency)", detail: nil)
        }
        guard let jsonPath else { return .passed }
        let path: JSONPath
        do throws(JSONPath.ParseError) {
            path = try JSONPath(jsonPath)
        } catch {
            return .blocked(reason: "InvalidSpec", message: "expect.jsonPath: \(error)")
        }
        let document: JSONValue
        do throws(JSONError) {
            document = try JSONValue(parsing: body)
        } catch {
            return .failed(message: "the answer is no JSON", detail: text(body))
        }
        guard let found = path.value(in: document) else {
            return .failed(message: "the answer has nothing at \(jsonPath)", detail: text(body))
        }
        guard let equals else { return .passed }
        if let text = tolerance?.text, let distance = Double(text), let wanted = Double(equals) {
            guard let number = Double(Self.scalar(found)), number.isFinite else {
                return .failed(message: "\(jsonPath) is no number", detail: Self.scalar(found))
            }
            let isNear = (number - wanted).magnitude <= distance
            return isNear
                ? .passed
                : .failed(message: "\(jsonPath) is not within \(text) of \(equals)", detail: Self.scalar(found))
        }
        let isEqual = Self.scalar(found) == equals || Self.isSameNumber(found, equals)
        return isEqual
            ? .passed : .failed(message: "\(jsonPath) is not \"\(equals.clipped)\"", detail: Self.scalar(found))
    }

    /// A text as it is, anything else as JSON.
    private static func scalar(_ value: JSONValue) -> String { value.string ?? value.canonicalText }

    /// 1, 1.0 and 1e0 are one number.
    private static func isSameNumber(_ value: JSONValue, _ text: String) -> Bool {
        guard value.string == nil, let number = Double(value.canonicalText), let wanted = Double(text) else {
            return false
        }
        return number == wanted
    }

    private func text(_ body: [UInt8]) -> String { String(decoding: body.prefix(1024), as: UTF8.self) }
}

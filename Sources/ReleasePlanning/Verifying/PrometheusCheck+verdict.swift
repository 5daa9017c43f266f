import JSON
public import ModelAppAPI

extension PrometheusCheck {
    /// The query with the names of an application and a release in it.
    public func query(app: String, release: String) -> String {
        query.replacing("$app", with: app).replacing("$release", with: release)
    }

    /// What an answer of `/api/v1/query` says: every sample has to lie in bounds. No sample says nothing.
    public func verdict(answer: [UInt8]) -> CheckVerdict {
        guard let document = try? JSONValue(parsing: answer), document["status"] == "success",
            let data = document["data"]
        else { return .blocked(reason: "PrometheusUnavailable", message: "the server's answer is none of Prometheus") }
        let samples: [JSONValue]
        switch data["resultType"]?.string {
        case "scalar": samples = [data["result"]?[1] ?? .null]
        case "vector": samples = (data["result"]?.array ?? []).map { $0["value"]?[1] ?? .null }
        default: return .blocked(reason: "InvalidQuery", message: "the query yields neither a scalar nor a vector")
        }
        guard !samples.isEmpty else { return .blocked(reason: "NoData", message: "the query yields no sample yet") }
        for sample in samples {
            guard let value = sample.string.flatMap(Double.init), !value.isNaN else {
                return .blocked(reason: "NoData", message: "the query yields no number yet")
            }
            if let text = max?.text, let limit = Double(text), value > limit {
                return .failed(message: "the result is above \(text)", detail: nil)
            }
            if let text = min?.text, let limit = Double(text), value < limit {
                return .failed(message: "the result is below \(text)", detail: nil)
            }
        }
        return .passed
    }
}

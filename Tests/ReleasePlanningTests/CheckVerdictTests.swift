import JSON
import ModelAppAPI
import ReleasePlanning
import Testing

/// What an answer says of a release. Messages go into the status, so they hold nothing that the application said.
@Suite struct CheckVerdictTests {
    private func verdict(
        _ expect: JSONValue,
        _ code: Int,
        _ body: String,
        _ took: Duration = .zero
    ) throws -> CheckVerdict {
        try HTTPExpectation(json: expect).verdict(status: code, body: Array(body.utf8), took: took)
    }

    @Test(
        arguments: [
            ([:], 204, ""), (["status": 404], 404, "gone"), (["jsonPath": "$.a", "equals": "x"], 200, #"{"a":"x"}"#),
            (["jsonPath": "$.a"], 200, #"{"a":null}"#), (["jsonPath": "$.a", "equals": "1"], 200, #"{"a":1.0}"#),
            (["jsonPath": "$.a", "equals": "true"], 200, #"{"a":true}"#),
            (["jsonPath": "$.a", "equals": "[1,2]"], 200, #"{"a":[1, 2]}"#),
            (["jsonPath": "$.p", "equals": "0.9", "tolerance": .decimal("0.05")], 200, #"{"p":0.93}"#),
            (["jsonPath": "$.p", "equals": "1", "tolerance": 0], 200, #"{"p":"1.0"}"#),
        ] as [(JSONValue, Int, String)]
    )
    func passes(expect: JSONValue, code: Int, body: String) throws {
        #expect(try verdict(expect, code, body) == .passed)
    }

    @Test(
        arguments: [
            ([:], 500, "planted", "status 500, not one of 200 to 299"),
            (["status": 200], 201, "planted", "status 201, not 200"),
            (["jsonPath": "$.a"], 200, "planted", "the answer is no JSON"),
            (["jsonPath": "$.a"], 200, #"{"b":"planted"}"#, "the answer has nothing at $.a"),
            (["jsonPath": "$.a", "equals": "x"], 200, #"{"a":"planted"}"#, "$.a is not \"x\""),
            (["jsonPath": "$.a", "equals": "1"], 200, #"{"a":"01 planted"}"#, "$.a is not \"1\""),
            (
                ["jsonPath": "$.p", "equals": "0.9", "tolerance": .decimal("0.05")], 200, #"{"p":0.96}"#,
                "$.p is not within 0.05 of 0.9"
            ),
            (["jsonPath": "$.p", "equals": "0.9", "tolerance": 1], 200, #"{"p":"planted"}"#, "$.p is no number"),
            (["jsonPath": "$.p", "equals": "0.9", "tolerance": 1], 200, #"{"p":"nan"}"#, "$.p is no number"),
        ] as [(JSONValue, Int, String, String)]
    )
    func fails(expect: JSONValue, code: Int, body: String, why: String) throws {
        guard case .failed(let message, let detail) = try verdict(expect, code, body) else {
            Issue.record("does not fail")
            return
        }
        #expect(message == why && !message.contains("planted"))
        #expect(detail != nil)
    }

    @Test func aSlowAnswerFails() throws {
        #expect(try verdict(["latency": "250ms"], 200, "", .milliseconds(250)) == .passed)
        let slow = try verdict(["latency": "250ms"], 200, "", .milliseconds(251))
        #expect(slow == .failed(message: "the answer took 251ms, more than 250ms", detail: nil))
    }

    private func samples(_ check: JSONValue, _ answer: String) throws -> CheckVerdict {
        try PrometheusCheck(json: check).verdict(answer: Array(answer.utf8))
    }

    private func vector(_ values: String...) -> String {
        let result = values.map { #"{"metric":{},"value":[1767225600,"\#($0)"]}"# }.joined(separator: ",")
        return #"{"status":"success","data":{"resultType":"vector","result":[\#(result)]}}"#
    }

    @Test func everySampleHasToLieInBounds() throws {
        let check: JSONValue = ["query": "q", "max": .decimal("0.01"), "min": 0]
        #expect(try samples(check, vector("0", "0.01")) == .passed)
        #expect(
            try samples(check, vector("0", "0.02")) == .failed(message: "the result is above 0.01", detail: nil)
        )
        #expect(try samples(check, vector("-1")) == .failed(message: "the result is below 0", detail: nil))
        #expect(try samples(check, vector("+Inf")) == .failed(message: "the result is above 0.01", detail: nil))
        #expect(try samples(check, #"{"status":"success","data":{"resultType":"scalar","result":[1,"0"]}}"#) == .passed)
    }

    @Test(arguments: [
        (#"{"status":"success","data":{"resultType":"vector","result":[]}}"#, "NoData"),
        (#"{"status":"success","data":{"resultType":"scalar","result":[1,"NaN"]}}"#, "NoData"),
        (#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#, "InvalidQuery"),
        (#"{"status":"error"}"#, "PrometheusUnavailable"), ("<html>", "PrometheusUnavailable"),
    ])
    func whatSaysNothingBlamesNobody(answer: String, reason: String) throws {
        guard case .blocked(reason, _) = try samples(["query": "q", "max": 1], answer) else {
            Issue.record("\(try samples(["query": "q", "max": 1], answer))")
            return
        }
    }

    @Test func aQueryNamesTheApplicationAndTheRelease() throws {
        let check = try PrometheusCheck(json: ["query": #"e{app="$app",release="$release"}"#, "max": 1])
        #expect(check.query(app: "web", release: "0123") == #"e{app="web",release="0123"}"#)
    }
}

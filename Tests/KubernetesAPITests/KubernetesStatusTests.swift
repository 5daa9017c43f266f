import JSON
import KubernetesAPI
import Testing

@Suite(.timeLimit(.minutes(1)))
struct KubernetesStatusTests {
    @Test(
        arguments: [
            ("NotFound", 404, [\KubernetesStatus.isNotFound]), ("", 404, [\.isNotFound]),
            ("Conflict", 409, [\.isConflict]),
            ("", 409, [\.isConflict]), ("AlreadyExists", 409, [\.isAlreadyExists]), ("Expired", 410, [\.isExpired]),
            ("Gone", 410, [\.isExpired]), ("", 410, [\.isExpired]), ("TooManyRequests", 429, [\.isThrottled]),
            ("", 429, [\.isThrottled]), ("Forbidden", 403, [\.isForbidden]), ("Unauthorized", 401, [\.isUnauthorized]),
            ("Invalid", 422, [\.isInvalid]), ("", 422, [\.isInvalid]), ("InternalError", 500, []), ("", 500, []),
            ("BadRequest", 400, []), ("Timeout", 504, []),
            // The reason counts where it is known, the code only where it is not.
            ("Expired", 500, [\.isExpired]), ("InternalError", 404, []), ("AlreadyExists", 404, [\.isAlreadyExists]),
            ("SomethingNew", 410, [\.isExpired]), ("NotFound", 0, [\.isNotFound]),
        ] as [(String, Int64, [any KeyPath<KubernetesStatus, Bool> & Sendable])]
    )
    func aStatusAnswersByItsReasonThenByItsCode(
        reason: String,
        code: Int64,
        expected: [any KeyPath<KubernetesStatus, Bool> & Sendable]
    ) {
        let status = KubernetesStatus(code: code, reason: reason, message: "m")
        let all: [KeyPath<KubernetesStatus, Bool>] = [
            \.isNotFound, \.isConflict, \.isAlreadyExists, \.isExpired, \.isThrottled, \.isForbidden, \.isUnauthorized,
            \.isInvalid, \.isTooLargeResourceVersion,
        ]
        for predicate in all {
            #expect(status[keyPath: predicate] == expected.contains { $0 == predicate }, "\(predicate)")
        }
    }

    @Test func aVersionFromTheFutureIsKnownByItsCauseOrItsMessage() throws {
        let byCause =
            #"{"status":"Failure","reason":"Timeout","code":504,"message":"x","details":{"name":"n","group":"g","kind":"k","causes":[{"reason":"ResourceVersionTooLarge","message":"Too large resource version"}],"retryAfterSeconds":1}}"#
        let status = try KubernetesStatus(parsing: Array(byCause.utf8))
        #expect(status.isTooLargeResourceVersion)
        #expect(status.details?.retryAfterSeconds == 1)
        let message = "Too large resource version: 9, current: 1"
        #expect(KubernetesStatus(code: 504, reason: "Timeout", message: message).isTooLargeResourceVersion)
        #expect(KubernetesStatus(code: 504, reason: "", message: message).isTooLargeResourceVersion)
        #expect(!KubernetesStatus(code: 500, reason: "InternalError", message: message).isTooLargeResourceVersion)
        #expect(!KubernetesStatus(code: 504, reason: "Timeout", message: "slow").isTooLargeResourceVersion)
    }

    @Test func causesNameTheMember() throws {
        let text =
            #"{"kind":"Status","details":{"causes":[{"reason":"FieldValueInvalid","message":"m","field":"spec.a"}]}}"#
        let status = try KubernetesStatus(parsing: Array(text.utf8))
        #expect(status.details?.causes.map(\.field) == ["spec.a"])
        #expect(status.code == 0)
    }
}

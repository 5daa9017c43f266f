import HTTPTransport
import JSON

/// What AWS sends, and stores that speak as S3 does.
enum AWSPayload {
    /// Event notifications of S3, MinIO and Ceph (S3 User Guide, "Event message structure").
    static func s3(_ json: JSONValue) throws(WebhookRefusal) -> [Notice] {
        var notices: [Notice] = []
        for record in json["Records"]?.array ?? [] {
            guard let bucket = record["s3"]?["bucket"]?["name"]?.string,
                let key = record["s3"]?["object"]?["key"]?.string
            else { throw .malformed(.s3, "a record names no bucket and key") }
            guard let plain = formDecoded(key) else { throw .malformed(.s3, "a key is not form-encoded") }
            notices.append(.s3Object(bucket: bucket, key: plain))
        }
        return notices
    }

    /// An event of EventBridge (`aws.s3`, `aws.ecr`). Keys are as they are there, not encoded.
    static func eventBridge(_ json: JSONValue) -> [Notice] {
        let detail = json["detail"]
        switch json["source"]?.string {
        case "aws.s3":
            guard let bucket = detail?["bucket"]?["name"]?.string, let key = detail?["object"]?["key"]?.string else {
                return []
            }
            return [.s3Object(bucket: bucket, key: key)]
        case "aws.ecr":
            guard let repository = detail?["repository-name"]?.string, let account = json["account"]?.string,
                let region = json["region"]?.string, detail?["result"]?.string != "FAILURE"
            else { return [] }
            let domain = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
            return [.image(registry: "\(account).dkr.ecr.\(region).\(domain)", repository: repository)]
        default: return []
        }
    }

    /// `application/x-www-form-urlencoded`: a plus sign is a space.
    private static func formDecoded(_ text: String) -> String? {
        HTTPURL.decode(String(text.map { $0 == "+" ? " " : $0 }))
    }
}

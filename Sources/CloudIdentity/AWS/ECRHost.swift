public import HTTPTransport

/// A registry of Amazon ECR, known by its host (AWS General Reference, "Amazon ECR endpoints and quotas").
public struct ECRHost: Sendable, Hashable {
    /// The region it is in.
    public let region: String
    /// Where its API answers.
    public let api: HTTPURL
    /// Whether it is the public gallery.
    public let isPublic: Bool

    /// The registry called `host`; nil where that is none of ECR's.
    public init?(host: String) {
        if host == "public.ecr.aws" || host == "ecr-public.aws.com" {
            (region, isPublic) = ("us-east-1", true)
            api = HTTPURL(scheme: "https", host: "api.ecr-public.us-east-1.amazonaws.com")
            return
        }
        isPublic = false
        let labels = host.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard labels.count > 4, labels[0].utf8.count == 12, labels[0].utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        // Dual stack: 123456789012.dkr-ecr.eu-west-1.on.aws
        if labels[1] == "dkr-ecr" || labels[1] == "dkr-ecr-fips" {
            guard AWSRegion.isWellFormed(labels[2]), labels[3...].elementsEqual(["on", "aws"]) else { return nil }
            region = labels[2]
            let service = labels[1] == "dkr-ecr" ? "ecr" : "ecr-fips"
            api = HTTPURL(scheme: "https", host: "\(service).\(region).api.aws")
            return
        }
        guard labels.count > 5, labels[1] == "dkr", labels[2] == "ecr" || labels[2] == "ecr-fips",
            AWSRegion.isWellFormed(labels[3]),
            labels[4...].joined(separator: ".") == AWSRegion.domain(labels[3])
        else { return nil }
        region = labels[3]
        let service = labels[2] == "ecr" ? "api.ecr" : "ecr-fips"
        api = HTTPURL(scheme: "https", host: "\(service).\(region).\(AWSRegion.domain(region))")
    }

    /// The service's name in signatures.
    var signingName: String { isPublic ? "ecr-public" : "ecr" }

    /// The operation that gives out passwords.
    var operation: String {
        isPublic
            ? "SpencerFrontendService.GetAuthorizationToken"
            : "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"
    }
}

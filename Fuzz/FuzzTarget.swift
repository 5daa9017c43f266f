import Artifacts
import ContainerRegistry
import JSON
import KubernetesAPI
import KubernetesClient
import ModelAppAPI
import Selection
import Trust

@testable import ObjectStorage

/// A reader of input from outside, and what has to hold for every input.
enum FuzzTarget: String, CaseIterable {
    case json
    case watch
    case challenge
    case reference
    case kubeconfig
    case pattern
    case azure
    case s3
    case pem
    case pkcs12
    case bundle
    case jws

    func read(_ input: [UInt8]) {
        switch self {
        case .json: Self.json(input)
        case .watch: Self.watch(input)
        case .challenge: _ = AuthenticationChallenge.parse(String(decoding: input, as: UTF8.self))
        case .reference: Self.reference(String(decoding: input, as: UTF8.self))
        case .kubeconfig: _ = try? Kubeconfig(parsing: input, file: "/kube/config")
        case .pattern: Self.pattern(input)
        case .azure: Self.listing(input) { AzureListing(.current) }
        case .s3: Self.listing(input) { S3Listing(.current) }
        case .pem, .pkcs12, .bundle, .jws: SignatureFuzz.read(input, as: self)
        }
    }

    /// What was read is written and read again as the same; skipping accepts exactly what reading does.
    private static func json(_ input: [UInt8]) {
        let value = try? JSONValue(parsing: input)
        let text = try? JSONText(parsing: input)
        precondition((value == nil) == (text == nil), "skipping and reading disagree")
        _ = try? ModelApp(parsing: input)
        _ = try? Deployment(parsing: input)
        _ = try? ListPage<ModelApp>(parsing: input)
        guard let value else { return }
        precondition(text?.value == value, "the kept text has another value")
        precondition((try? JSONValue(parsing: value.canonicalBytes)) == value, "the canonical form has another value")
    }

    /// The events of a stream do not depend on how it is cut.
    private static func watch(_ input: [UInt8]) {
        guard let cut = input.first.map({ Int($0) % input.count }) else { return }
        var whole = WatchLineSplitter()
        var parts = WatchLineSplitter()
        let lines = try? whole.lines(in: input)
        let first = try? parts.lines(in: Array(input[..<cut]))
        let second = try? parts.lines(in: Array(input[cut...]))
        precondition(lines == first.flatMap { first in second.map { first + $0 } }, "the cut changed the lines")
        for line in lines ?? [] { _ = try? WatchEvent<ModelApp>(parsing: line) }
    }

    /// A reference that is pinned is still one, of the same repository.
    private static func reference(_ text: String) {
        guard let reference = try? ImageReference(text),
            let digest = try? Digest("sha256:" + String(repeating: "0", count: 64))
        else { return }
        let pinned = try? ImageReference(reference.pinned(to: digest))
        precondition(pinned?.name == reference.name && pinned?.digest == digest, "pinning changed the repository")
    }

    /// A pattern up to the first line break, then the text: an answer in bounded time.
    private static func pattern(_ input: [UInt8]) {
        let parts = input.split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false)
        guard let source = parts.first, let pattern = try? Pattern(String(decoding: source, as: UTF8.self)) else {
            return
        }
        let text = String(decoding: parts.count > 1 ? parts[1] : [], as: UTF8.self)
        let match = pattern.firstMatch(in: text)
        precondition(pattern.matches(text) == (match != nil), "matching and finding disagree")
        if let range = match?.utf8Range(ofGroup: 0) {
            precondition(range.upperBound <= text.utf8.count, "a match beyond the text")
        }
    }

    private static func listing(_ input: [UInt8], _ make: () -> some PageHandler) {
        let listing = make()
        guard let parser = try? XMLPushParser(listing), (try? parser.feed(input)) != nil else { return }
        guard (try? parser.finish()) != nil else { return }
        _ = try? listing.page()
    }
}

/// A listing that becomes a page.
private protocol PageHandler: XMLHandler {
    func page() throws(XMLFailure) -> ListingPage
}

extension AzureListing: PageHandler {}
extension S3Listing: PageHandler {}

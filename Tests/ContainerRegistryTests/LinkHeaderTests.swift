import TestSupport
import Testing

@testable import ContainerRegistry

@Suite struct LinkHeaderTests {
    @Test func theNextTargetIsFoundInTheFormsOfRegistries() {
        let forms: [([String], String?)] = [
            ([#"</v2/_catalog?last=b&n=1>; rel="next""#], "/v2/_catalog?last=b&n=1"),
            ([#"<https://r.io:5000/v2/a/tags/list?last=b>;rel=next"#], "https://r.io:5000/v2/a/tags/list?last=b"),
            ([#"</p>; rel="prev", </n>; rel="next""#], "/n"),
            ([#"</p>; rel="prev""#, #"</n>; rel="next""#], "/n"),
            ([#"</n>; title="a, b; c"; rel="prefetch NEXT""#], "/n"),
            ([#"</n>; rel="prev"; rel="next""#], nil),
            ([#"</a,b>; rel="next""#], "/a,b"),
            (["</n>"], nil), ([], nil), ([""], nil), (["</n; rel=next"], nil), ([#"</n>; rel="next"#], nil),
            (["</n> garbage; rel=next"], nil), (["<>; rel=next"], nil), (["</a b>; rel=next"], nil),
        ]
        for (fields, expected) in forms { #expect(LinkHeader.next(in: fields) == expected, "\(fields)") }
    }

    @Test func anyBytesAreReadWithoutHarm() async {
        let alphabet = Array("<>;,=\" rel next/\\é\u{1}".utf8)
        await checkProperty(
            cases: 3000,
            generate: { random in (0..<Int.random(in: 0...50, using: &random)).map { _ in random.next() } },
            fails: { numbers in
                let noise = String(
                    decoding: numbers.map { alphabet[Int($0 % UInt64(alphabet.count))] },
                    as: UTF8.self
                )
                if let target = LinkHeader.next(in: [noise]), !noise.contains("<\(target)>") {
                    return "\(target) does not stand in \(noise)"
                }
                return LinkHeader.next(in: ["<x>; rel=\"next\"", noise]) == "x" ? nil : "a good link was lost"
            }
        )
    }
}

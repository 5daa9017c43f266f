/// Why a candidate is not the one that is chosen.
public enum Rejection: Sendable, Hashable {
    /// It matches this pattern of `exclude`.
    case excludedByPattern(String)
    /// It does not match this pattern of `filter.match`.
    case doesNotMatchFilter(String)
    /// This `filter.extract` gives an empty text for it.
    case extractsNothing(String)
    /// The policy is semver, and the value is no version.
    case notAVersion(value: String)
    /// The policy is numerical, and the value is no number.
    case notANumber(value: String)
    /// Its version is outside of this range.
    case outsideRange(String)
    /// It is a pre-release, and this range names none.
    case preRelease(range: String)
    /// The policy wants only this tag.
    case notTheTag(String)
    /// The policy is newest, and neither the source gives a time for it nor the image.
    case timeUnknown
    /// It is younger than `minAge` until then.
    case tooYoung(until: UnixMilliseconds)
    /// `rollout.skip` lists it.
    case skipped
    /// `rollout.pin` holds this version.
    case pinnedElsewhere(String)
    /// Not all of its files are there.
    case incomplete(Incompleteness)
    /// A release with it failed, for this reason, and it has not changed since.
    case quarantined(reason: String)
    /// It has no image for these platforms.
    case platformMissing(wanted: [String])
    /// It cannot be read, for this reason.
    case notPullable(reason: String)
    /// It is not signed as the spec wants, for this reason.
    case unverified(reason: String)
    /// What runs, of this name, is newer.
    case olderThanRunning(String)
    /// It cannot be told whether it is newer than what runs, of this name: the time of that is unknown.
    case orderUnknown(running: String)
    /// It would do, but this one is newer.
    case superseded(by: String)

    /// Whether the spec says so, as opposed to the state of the world: only then may an older version follow the
    /// running one without anything being missing.
    public var isBySpec: Bool {
        switch self {
        case .excludedByPattern, .doesNotMatchFilter, .extractsNothing, .notAVersion, .notANumber, .outsideRange,
            .preRelease, .notTheTag, .skipped, .pinnedElsewhere:
            true
        case .timeUnknown, .tooYoung, .incomplete, .quarantined, .platformMissing, .notPullable, .unverified,
            .olderThanRunning, .orderUnknown, .superseded:
            false
        }
    }

    /// When the candidate may count without anything else happening; nil where that needs an event.
    public var endsAt: UnixMilliseconds? {
        switch self {
        case .tooYoung(let until): until
        case .incomplete(let incompleteness): incompleteness.lookAgainAt
        default: nil
        }
    }

    /// The reason as the end of a sentence that starts with the candidate's name: `1.9.0 is listed in rollout.skip`.
    public var sentence: String {
        switch self {
        case .excludedByPattern(let pattern): "matches the exclude pattern \(pattern.quoted)"
        case .doesNotMatchFilter(let pattern): "does not match the filter \(pattern.quoted)"
        case .extractsNothing(let template): "matches the filter, but \(template.quoted) extracts nothing from it"
        case .notAVersion(let value): "has the value \(value.quoted), which is not a semantic version"
        case .notANumber(let value): "has the value \(value.quoted), which is not a decimal number"
        case .outsideRange(let range): "is outside of the range \(range.quoted)"
        case .preRelease(let range): "is a pre-release, and the range \(range.quoted) names none"
        case .notTheTag(let tag): "is not the tag \(tag.quoted)"
        case .timeUnknown: "has no time that the source or the image would tell, so it cannot be the newest"
        case .tooYoung(let until): "is younger than minAge until \(until.rfc3339)"
        case .skipped: "is listed in rollout.skip"
        case .pinnedElsewhere(let pin): "is not \(pin.quoted), which rollout.pin holds"
        case .incomplete(let incompleteness): "is incomplete: \(incompleteness.sentence)"
        case .quarantined(let reason): "is in quarantine: \(reason.withoutControls)"
        case .platformMissing(let wanted): "has no image for \(wanted.joined(separator: ", ").withoutControls)"
        case .notPullable(let reason): "cannot be read: \(reason.withoutControls)"
        case .unverified(let reason): "fails verification: \(reason.withoutControls)"
        case .olderThanRunning(let running): "is older than \(running.quoted), which runs"
        case .orderUnknown(let running): "may be older than \(running.quoted), which runs and whose time is unknown"
        case .superseded(let newer): "is older than \(newer.quoted)"
        }
    }
}

extension Rejection: CustomStringConvertible {
    /// The sentence.
    public var description: String { sentence }
}

"""What a program asked of the API server, from the server's audit log."""
import collections
import json

OURS = ("python-requests", "kubectl", "kube-apiserver", "curl")


class AuditLog:
    def __init__(self, path):
        self.path = path
        self.offset = 0
        self.bodies = []

    def skip(self):
        """Forgets what was logged so far."""
        self.count()
        self.bodies = []

    def count(self):
        """Requests since the last call, by (verb, resource), without those of this bench."""
        counts = collections.Counter()
        with open(self.path) as file:
            file.seek(self.offset)
            for line in iter(file.readline, ""):
                if not line.endswith("\n"):
                    break
                self.offset += len(line.encode())
                self.take(json.loads(line), counts)
        return counts

    def take(self, event, counts):
        # A watch is logged when it opens and again when it ends; everything else once, when it was answered.
        is_watch = event["verb"] == "watch"
        if event["stage"] != ("ResponseStarted" if is_watch else "ResponseComplete"):
            return
        if any(event.get("userAgent", "").startswith(name) for name in OURS):
            return
        target = event.get("objectRef") or {}
        resource = target.get("resource", event["requestURI"].split("?")[0])
        if target.get("subresource"):
            resource += "/" + target["subresource"]
        counts[event["verb"], resource] += 1
        body = event.get("requestObject")
        # An apply is an object; a JSON patch is a list.
        if event["verb"] == "patch" and event["responseStatus"]["code"] < 300 and isinstance(body, dict):
            name = target["name"]
            for owner in body.get("metadata", {}).get("ownerReferences", []):
                name = owner["name"]
            self.bodies.append((event["requestURI"], name, body))

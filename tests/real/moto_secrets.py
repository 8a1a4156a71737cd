#!/usr/bin/env python3
"""Puts secrets into moto, and compares them with the credentials that orgpulse then signs in to its vendors with.

    secrets -> boto3 -> moto -> orgpulse -> credentials in the headers of its requests -----> the same, or a reason

--self-test holds the comparison against runs that are wrong. Run by the Python of .tools/moto.
"""

import argparse
import dataclasses
import fnmatch
import json
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from moto_server import REGION
from moto_server import Call
from moto_server import Moto
from moto_server import Recorder
from moto_server import as_aws
from process import clean_environment

DEFAULT_NAMES = {"github": "github/dashboard-token", "datadog": "datadog/api-key", "skypilot": "skypilot/api-token"}
VARIABLES = {"github": "GITHUB_TOKEN", "datadog": "DD_API_KEY", "skypilot": "SKYPILOT_API_TOKEN"}
BATCH, SINGLE = "BatchGetSecretValue", "GetSecretValue"

# What GITHUB_TOKEN_SECRET names, the reason of GitHub's failure, and words of it. The others are read all the same.
UNREADABLE = (
    ("nothing/here", "not_found", "ResourceNotFoundException"),
    ("deleted", "not_found", "restore-secret"),
    ("binary", "config", "is binary"),
    ("orgpulse", "config", "name the key that is meant"),
    ("orgpulse#nothing", "not_found", 'has no key "nothing"'),
    ("orgpulse#number", "config", 'has no text under its key "number"'),
    ("orgpulse#empty", "config", "is empty"),
    ("plain#key", "config", "is no JSON object"),
    (f"arn:aws:secretsmanager:{REGION}:123456789012:secret:nothing-AbCdEf", "not_found", "ResourceNotFoundException"),
)


@dataclasses.dataclass
class Ran:
    """A run of orgpulse: what AWS was asked, with the status of each answer, and the credentials that vendors saw."""

    code: int
    out: str
    err: str
    calls: list
    credentials: dict
    # Secret halves of the AWS credentials that it was given.
    issued: list


@dataclasses.dataclass
class World:
    """An account with secrets in it, and the program."""

    moto: Moto
    orgpulse: Path
    folder: Path
    values: dict
    everything: list

    def run(self, *arguments, **variables):
        """A variable that is None is left out; one that is a function is told the recorder."""
        with Recorder(self.moto) as recorder:
            variables = {name: value(recorder) if callable(value) else value for name, value in variables.items()}
            environment = clean_environment(
                self.folder,
                AWS_ENDPOINT_URL=recorder.url,
                AWS_REGION=REGION,
                EC2_REGIONS="none",
                GITHUB_REPOSITORIES="acme/widgets",
                GITHUB_API_URL=f"{recorder.url}/github",
                DD_URL=f"{recorder.url}/datadog",
                SKYPILOT_API_SERVER_ENDPOINT=f"{recorder.url}/skypilot",
                ORGPULSE_STATE_DIR=str(self.folder / "state"),
                # The SDK's own switch for logging what it must not.
                LOG_SENSITIVE_BODIES="true",
            )
            environment |= {"AWS_ACCESS_KEY_ID": "root", "AWS_SECRET_ACCESS_KEY": "root"} | variables
            done = subprocess.run(
                [self.orgpulse, *arguments, "--log", "trace"],
                cwd=self.folder,
                env={name: value for name, value in environment.items() if value is not None},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=120,
            )
        credentials = {vendor: {told.split()[-1] for told in seen} for vendor, seen in recorder.credentials.items()}
        return Ran(done.returncode, done.stdout, done.stderr, recorder.calls, credentials, recorder.issued)


def main():
    parser = argparse.ArgumentParser(description="Read secrets from moto.")
    parser.add_argument("--self-test", action="store_true", help="test this test")
    parser.add_argument("--orgpulse", type=Path)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if options.self_test:
        found = self_test()
    else:
        with tempfile.TemporaryDirectory(prefix="orgpulse-moto-") as folder:
            found = faults_with(options.orgpulse.resolve(), Path(folder))
    for fault in found:
        print(f"error: {fault}", file=sys.stderr)
    return 1 if found else 0


def faults_with(orgpulse, folder):
    started = time.monotonic()
    empty = folder / "empty"
    empty.mkdir()
    with Moto(folder) as moto:
        world = World(moto, orgpulse, empty, *put(moto.client("secretsmanager")))
        found = [*reading_faults(world), *role_faults(world), *unreadable_faults(world)]
        # From here on, signatures and policies are checked.
        found += policy_faults(world)
    if not found:
        print(f"moto ok: {len(UNREADABLE)} unreadable secrets, all in {time.monotonic() - started:.0f} s")
    return found


def put(manager):
    """Fills the account: what each vendor's credential is, under both kinds of name, and every secret text."""
    values = {vendor: secrets.token_hex(20) for vendor in DEFAULT_NAMES}
    for vendor, name in DEFAULT_NAMES.items():
        manager.create_secret(Name=name, SecretString=f"{values[vendor]}\n")
    plain = secrets.token_hex(20)
    manager.create_secret(Name="orgpulse", SecretString=json.dumps({**values, "number": 5, "empty": ""}))
    manager.create_secret(Name="plain", SecretString=plain)
    manager.create_secret(Name="binary", SecretBinary=plain.encode())
    manager.create_secret(Name="deleted", SecretString=plain)
    manager.delete_secret(SecretId="deleted")
    # An older version, so that reading any other than the current one would show.
    manager.create_secret(Name="rotated", SecretString=plain)
    manager.put_secret_value(SecretId="rotated", SecretString=values["github"])
    return values, [*values.values(), plain]


def reading_faults(world):
    """Each form of a name leads to the value that was put in, with as few requests as can be."""
    arn = world.moto.client("secretsmanager").describe_secret(SecretId="github/dashboard-token")["ARN"]
    keys = {f"{variable}_SECRET": f"orgpulse#{vendor}" for vendor, variable in VARIABLES.items()}
    defaults = {"ORGPULSE_AWS_SECRETS": "true"}
    found = []
    for what, variables, calls in (
        ("default names", defaults, [BATCH]),
        ("keys of one secret", keys, [SINGLE]),
        ("an ARN beside defaults", {**defaults, "GITHUB_TOKEN_SECRET": arn}, [BATCH]),
        ("an ARN without its end", {**defaults, "GITHUB_TOKEN_SECRET": arn[:-7]}, [BATCH]),
        ("a rotated secret", {**defaults, "GITHUB_TOKEN_SECRET": "rotated"}, [BATCH]),
        ("a variable beside defaults", {**defaults, "GITHUB_TOKEN": world.values["github"]}, [BATCH]),
    ):
        ran = world.run("doctor", **variables)
        faults = [*credential_faults(ran, world.values), *call_faults(ran, calls), *leaks(ran, world.everything)]
        if ran.code != 1 or "[unauthorized]" not in ran.out:
            faults.append(f"the vendors refuse every credential, but: code {ran.code}\n{ran.out}{ran.err[-2000:]}")
        found += [f"{what}: {fault}" for fault in faults]
    # A dry run of one source needs the secret of that source, and no other.
    ran = world.run("collect", "skypilot", **defaults)
    faults = [*credential_faults(ran, {"skypilot": world.values["skypilot"]}), *call_faults(ran, [SINGLE])]
    found += [f"one source: {fault}" for fault in faults]
    ran = world.run("collect", "skypilot", SKYPILOT_API_TOKEN=world.values["skypilot"], **defaults)
    return found + [f"no secret needed: {fault}" for fault in call_faults(ran, [])]


def role_faults(world):
    """A pod's role gives the credential for AWS: by IRSA from STS, by EKS Pod Identity from its agent."""
    web, agent = world.folder / "web-identity", world.folder / "pod-identity"
    # moto looks at no signature of it.
    web.write_text(".".join(secrets.token_urlsafe(30) for _ in range(3)))

    def agent_token(recorder):
        agent.write_text(recorder.token)
        return str(agent)

    role = {"ORGPULSE_AWS_SECRETS": "true", "AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
    irsa = {
        "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/orgpulse",
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(web),
        "AWS_ROLE_SESSION_NAME": "orgpulse",
    }
    pod = {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": lambda recorder: f"{recorder.url}/pod-identity",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": agent_token,
    }
    found = []
    for what, variables, first in (("IRSA", irsa, "AssumeRoleWithWebIdentity"), ("Pod Identity", pod, "Pod Identity")):
        ran = world.run("doctor", **role, **variables)
        tokens = [path.read_text() for path in (web, agent) if path.exists()]
        faults = [*credential_faults(ran, world.values), *call_faults(ran, [first, BATCH])]
        faults += leaks(ran, [*world.everything, *ran.issued, *tokens])
        if len(ran.issued) != 2:
            faults.append(f"{len(ran.issued)} halves of a credential were given, not 2")
        found += [f"{what}: {fault}" for fault in faults]
    return found


def unreadable_faults(world):
    """The source whose secret cannot be read fails with the reason; the other one is asked with its own."""
    found = []
    for name, reason, words in UNREADABLE:
        variables = {"GITHUB_TOKEN_SECRET": name, "SKYPILOT_API_TOKEN_SECRET": "skypilot/api-token"}
        ran = world.run("collect", "github", "skypilot", "--output", "json", **variables)
        others = {"skypilot": world.values["skypilot"]}
        faults = [*credential_faults(ran, others), *source_faults(ran, reason, words), *leaks(ran, world.everything)]
        found += [f"{name}: {fault}" for fault in faults]
    return found


def source_faults(ran, reason, words):
    try:
        collectors = json.loads(ran.out)["collectors"]
    except ValueError:
        return [f"no JSON, code {ran.code}: {ran.err[-2000:]}"]
    github = next(one for one in collectors if one["name"] == "github")
    if (github["outcome"], github["reason"]) != ("failed", reason) or words not in github["error"]:
        return [f"{github['outcome']}, {github['reason']}: {github['error']}; it should fail as {reason}: ... {words}"]
    return [] if ran.code == 1 else [f"code {ran.code}, though nothing could be read"]


def policy_faults(world):
    """Under policies that moto checks: what orgpulse prints is enough, and what is taken away is told by name."""
    iam = world.moto.client("iam")
    iam.create_user(UserName="orgpulse")
    key = iam.create_access_key(UserName="orgpulse")["AccessKey"]
    own = {
        "ORGPULSE_AWS_SECRETS": "true",
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }
    everything = [*world.everything, key["SecretAccessKey"]]
    printed = world.run("doctor", "--iam-policy", **own)
    policy = json.loads(printed.out)
    found = [*call_faults(printed, []), *pattern_faults(world, policy)]

    def allow(actions):
        world.moto.check_policies(False)
        # moto knows no resources of Secrets Manager: it compares every call's with "*".
        statements = [{"Effect": "Allow", "Action": sorted(actions), "Resource": "*"}] if actions else []
        statements.append({"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"})
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_user_policy(UserName="orgpulse", PolicyName="orgpulse", PolicyDocument=document)
        world.moto.check_policies(True)

    actions = {action for statement in policy["Statement"] for action in statement["Action"]}
    try:
        allow(actions)
        ran = world.run("doctor", **own)
        faults = [*credential_faults(ran, world.values), *call_faults(ran, [BATCH]), *leaks(ran, everything)]
        found += [f"the printed policy: {fault}" for fault in faults]

        allow({f"secretsmanager:{SINGLE}"})
        ran = world.run("doctor", **own)
        # Each by itself, and the application key's default name, which the account does not have.
        singles = [SINGLE] * (len(DEFAULT_NAMES) + 1)
        faults = [*credential_faults(ran, world.values), *call_faults(ran, [BATCH, *singles])]
        found += [f"batch denied: {fault}" for fault in [*faults, *leaks(ran, everything)]]

        allow(set())
        ran = world.run("doctor", **own)
        faults = [*credential_faults(ran, {}), *leaks(ran, everything)]
        for name in DEFAULT_NAMES.values():
            told = [line for line in ran.out.splitlines() if line.startswith("FAIL  secrets: ") and name in line]
            if len(told) != 1 or "[forbidden]" not in told[0] or f"Allow secretsmanager:{SINGLE}" not in told[0]:
                faults.append(f"the missing right for {name} is not told:\n{ran.out}")
        found += [f"all denied: {fault}" for fault in faults]

        allow(actions)
        for what, changed, words in (
            ("a wrong key", {"AWS_SECRET_ACCESS_KEY": "x" * 40}, "InvalidSignatureException"),
            ("an unknown key", {"AWS_ACCESS_KEY_ID": "AKIA" + "X" * 16}, "UnrecognizedClientException"),
        ):
            ran = world.run("doctor", **own | changed)
            faults = [*credential_faults(ran, {}), *call_faults(ran, [BATCH]), *leaks(ran, everything)]
            if ran.out.count("[unauthorized]") < len(DEFAULT_NAMES) or words not in ran.out:
                faults.append(f"not told as unauthorized, {words}:\n{ran.out}")
            found += [f"{what}: {fault}" for fault in faults]
    finally:
        world.moto.check_policies(False)
    return found


def pattern_faults(world, policy):
    """Every secret that is asked for matches a resource of the printed policy, and no other secret does."""
    listed = world.moto.client("secretsmanager").list_secrets()["SecretList"]
    patterns = [
        resource
        for statement in policy["Statement"]
        for resource in statement["Resource"]
        if statement["Action"] == [f"secretsmanager:{SINGLE}"]
    ]
    matched = {one["Name"] for one in listed if any(fnmatch.fnmatchcase(one["ARN"], pattern) for pattern in patterns)}
    wanted = set(DEFAULT_NAMES.values())
    return [] if matched == wanted else [f"the printed policy allows {sorted(matched)}, not {sorted(wanted)}"]


def credential_faults(ran, wanted):
    """Each vendor saw the credential that was put in for it, and no other; none was seen where none is wanted."""
    found = []
    for vendor in sorted(ran.credentials.keys() | wanted.keys()):
        seen, one = ran.credentials.get(vendor, set()), wanted.get(vendor)
        if seen != ({one} if one else set()):
            found.append(f"{vendor} saw {len(seen)} credentials, {'not the one put in' if one else 'it should see none'}")
    return found


def call_faults(ran, wanted):
    calls = [call.action for call in ran.calls]
    return [] if calls == wanted else [f"AWS was asked {ran.calls}, it should be asked {wanted}"]


def leaks(ran, texts):
    """Secrets in what the program wrote, at the most talkative log level."""
    written = ran.out + ran.err
    found = [f"a secret stands in the output, at {written.find(text)}" for text in texts if text in written]
    # Where nothing is logged, no secret is either.
    return found if " TRACE " in ran.err else [*found, "nothing was logged"]


def self_test():
    """Each kind of difference must be found, and a right run must pass."""
    values = {"github": "aaaa", "datadog": "bbbb"}
    credentials = {vendor: {value} for vendor, value in values.items()}
    document = {"collectors": [{"name": "github", "outcome": "failed", "reason": "config", "error": "failed: is empty"}]}
    right = Ran(1, json.dumps(document), "12:00 TRACE x", [Call(BATCH, 200)], credentials, [])

    def faults(ran):
        return [
            *credential_faults(ran, values),
            *call_faults(ran, [BATCH]),
            *source_faults(ran, "config", "is empty"),
            *leaks(ran, values.values()),
        ]

    found = [f"self-test: {fault}" for fault in faults(right)]
    changed = {**document["collectors"][0], "reason": "forbidden"}
    for what, change in (
        ("another credential", {"credentials": {**credentials, "github": {"cccc"}}}),
        ("two credentials", {"credentials": {**credentials, "github": {"aaaa", "cccc"}}}),
        ("a credential too many", {"credentials": {**credentials, "asana": {"aaaa"}}}),
        ("no credential", {"credentials": {"github": {"aaaa"}}}),
        ("another call", {"calls": [Call(SINGLE, 200)]}),
        ("no call", {"calls": []}),
        ("another reason", {"out": json.dumps({"collectors": [changed]})}),
        ("another code", {"code": 3}),
        ("no JSON", {"out": "{"}),
        ("a secret in the log", {"err": "12:00 TRACE bbbb"}),
        ("no log", {"err": ""}),
    ):
        if len(faults(dataclasses.replace(right, **change))) != 1:
            found.append(f"self-test: {what}: found {faults(dataclasses.replace(right, **change))}")
    xml = b"<ErrorResponse><Errors><Error><Code>AccessDenied</Code><Message>User: x</Message></Error></Errors></ErrorResponse>"
    refusal = (400, b'{"__type": "AccessDeniedException", "Message": "User: x"}')
    if as_aws("secretsmanager", 403, xml) != refusal or as_aws("secretsmanager", 200, xml) != (200, xml):
        found.append("self-test: a refusal is not told as AWS tells it")
    if not found:
        print("self-test ok")
    return found


if __name__ == "__main__":
    sys.exit(main())

"""Keys and address of an S3 storage, where the other programs of a user find them."""

import configparser
import os
from pathlib import Path

#: keys in the files of AWS, and the environment variables that go before them
_IN_FILE = {
    "aws_access_key_id": "AWS_ACCESS_KEY_ID",
    "aws_secret_access_key": "AWS_SECRET_ACCESS_KEY",
    "aws_session_token": "AWS_SESSION_TOKEN",
    "region": "AWS_REGION",
    "endpoint_url": "AWS_ENDPOINT_URL",
}


def s3_settings() -> tuple[dict[str, str], bool]:
    """Return the settings that the environment lacks, and whether the address is plain http.

    Environment variables go first, then `~/.aws/credentials` and `~/.aws/config`, of the profile
    that AWS_PROFILE names. What is in neither is asked of the machine by the client (roles of EC2,
    of containers, of Kubernetes).
    """
    found = _from_files()
    keys = [name for name in found if name.startswith("aws_")]
    if "AWS_ACCESS_KEY_ID" in os.environ:
        found = {name: value for name, value in found.items() if name not in keys}
    settings = {
        name: value
        for name, value in found.items()
        if not _set(_IN_FILE[name]) and not (name == "region" and _set("AWS_DEFAULT_REGION"))
    }
    if not _set("AWS_REGION") and not _set("AWS_DEFAULT_REGION"):
        settings.setdefault("region", "us-east-1")
    address = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    address = address or settings.pop("endpoint_url", "")
    if address:
        settings["endpoint"] = address
    return settings, address.startswith("http://")


def google_http() -> bool:
    """Return whether the storage of gs:// may be one that speaks plain http.

    The file that GOOGLE_SERVICE_ACCOUNT names can give the address of another server than Google's,
    in ``gcs_base_url``.
    """
    return os.environ.get("GOOGLE_ALLOW_HTTP", "").lower() in ("1", "true", "yes")


def _set(name: str) -> bool:
    return bool(os.environ.get(name))


def _from_files() -> dict[str, str]:
    profile = os.environ.get("AWS_PROFILE", "default")
    places = {
        "AWS_SHARED_CREDENTIALS_FILE": ("~/.aws/credentials", profile),
        "AWS_CONFIG_FILE": (
            "~/.aws/config",
            profile if profile == "default" else f"profile {profile}",
        ),
    }
    found: dict[str, str] = {}
    for variable, (usual, section) in places.items():
        parser = configparser.RawConfigParser()
        try:
            parser.read(Path(os.environ.get(variable, usual)).expanduser(), encoding="utf-8")
        except (configparser.Error, OSError, UnicodeDecodeError):
            continue
        if parser.has_section(section):
            items = {name: value for name, value in parser.items(section) if name in _IN_FILE}
            found = {**items, **found}
    return found

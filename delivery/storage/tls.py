"""Which certificates a connection trusts."""

from __future__ import annotations

import functools
import importlib.util
import os
import ssl

from delivery.errors import StoreUnreachableError


@functools.cache
def tls_context() -> ssl.SSLContext:
    """Verifies, with the system's authorities, or those of ``AWS_CA_BUNDLE``, or else the ones that boto carries.

    Raises StoreUnreachableError for a bundle that cannot be read.
    """
    bundle = os.environ.get("AWS_CA_BUNDLE") or None
    try:
        context = ssl.create_default_context(cafile=bundle)
    except OSError as error:
        if error.filename:  # Python names this file alone
            raise StoreUnreachableError(
                f"the file that SSLKEYLOGFILE names cannot be written ({error.strerror})",
                hint="set SSLKEYLOGFILE to another file, or to nothing",
                code="store-tls",
            ) from error
        raise StoreUnreachableError(
            f"the certificates that AWS_CA_BUNDLE names cannot be read ({error.strerror or 'no certificate is in it'})",
            hint="set AWS_CA_BUNDLE to a file of certificates in PEM form, or to nothing",
            code="store-tls",
        ) from error
    if bundle is None and not context.cert_store_stats()["x509_ca"]:
        context.load_verify_locations(cafile=_carried_authorities())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _carried_authorities() -> str:
    """The bundle of certificate authorities that comes with botocore."""
    spec = importlib.util.find_spec("botocore")  # found, not loaded
    assert spec is not None and spec.submodule_search_locations
    return os.path.join(spec.submodule_search_locations[0], "cacert.pem")

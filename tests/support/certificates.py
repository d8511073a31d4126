"""Certificates of a test's own authority, for servers on the loopback interface."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import uuid
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.x509.oid import NameOID

_PEM = serialization.Encoding.PEM


@dataclass(frozen=True)
class Authority:
    """Issues certificates for servers.

    Attributes:
        certificate: the authority's own certificate (PEM).
        folder: where the servers' certificates are written.
    """

    name: x509.Name
    key: EllipticCurvePrivateKey
    certificate: bytes
    folder: Path

    def server(self, *hosts: str) -> ssl.SSLContext:
        """The context of a server whose certificate is for hosts or addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([_name(host) for host in hosts])
        issued = _builder(_named(hosts[0]), self.name, key).add_extension(names, critical=False)
        issued = issued.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        path = self.folder / f"{uuid.uuid4()}.pem"
        private = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        path.write_bytes(issued.sign(self.key, hashes.SHA256()).public_bytes(_PEM) + private)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(path)
        return context


def make_authority(folder: Path) -> Authority:
    """A new authority."""
    key, name = ec.generate_private_key(ec.SECP256R1()), _named("Test authority")
    usage = x509.KeyUsage(*(use in ("certificate", "list") for use in _USES))
    builder = _builder(name, name, key).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(usage, critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    return Authority(name, key, builder.sign(key, hashes.SHA256()).public_bytes(_PEM), folder)


# The arguments of KeyUsage, in order.
_USES = ("signature", "commitment", "key", "data", "agreement", "certificate", "list", "encipher", "decipher")


def _builder(subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    serial = x509.random_serial_number()
    return x509.CertificateBuilder(issuer, subject, key.public_key(), serial, now - dt.timedelta(1), now + dt.timedelta(1))


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)

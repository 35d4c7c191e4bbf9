"""ini text, environment and overrides become :class:`Settings`, which know where each value came from.

Precedence: override (a command's option or a caller's argument), environment, file, built-in default.
"""

from __future__ import annotations

import configparser
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from delivery import places
from delivery.errors import ConfigError, UsageError
from delivery.nearest import nearest
from delivery.options import (
    CheckOptions,
    DeliveryOptions,
    MessageOptions,
    PlatformOptions,
    SendOptions,
    StoreOptions,
    UploadOptions,
    option_names,
)
from delivery.values import path_of, show

_PLAIN: dict[str, type] = {
    "delivery": SendOptions,
    "upload": UploadOptions,
    "checks": CheckOptions,
    "message": MessageOptions,
}
_NAMED: dict[str, type] = {"store": StoreOptions, "platform": PlatformOptions}
_Section = TypeVar("_Section")
_INDENTED = re.compile(r"\n\s*(\w+)\s*=")
_COMMENT = re.compile(r"\s[;#]")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be configured. Build it with :meth:`load`; ``Settings()`` is the built-in default."""

    delivery: SendOptions = SendOptions()
    upload: UploadOptions = UploadOptions()
    checks: CheckOptions = CheckOptions()
    message: MessageOptions = MessageOptions()
    stores: Mapping[str, StoreOptions] = field(default_factory=dict)
    platforms: Mapping[str, PlatformOptions] = field(default_factory=dict)
    file: Path | None = None
    origins: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if (name := SendOptions().store) in self.stores:
            where = f"{self.file}: " if self.file else ""
            raise ConfigError(
                f"{where}[store:{name}] cannot be: {name} is the embedded store, whose links open on this machine only",
                hint=f"give the section another name, and write that name as `store` instead of {name}",
                code="store-local",
            )

    @classmethod
    def load(cls, file: str | Path | None = None, *, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read ``file``, or the first of ``DELIVERY_CONFIG``, ``./delivery.ini`` and the user's ``config.ini``.

        Over it comes ``DELIVERY_<OPTION>`` for each option, but for those of stores and platforms.
        Raises ConfigError for a file that is missing, broken or unsafe, for unknown names and bad values; UsageError
        for what is no path.
        """
        path = find_file(file, environ)
        settings = cls() if path is None else _read(path)
        for title in _PLAIN:
            settings = settings._with_variables(title, environ)
        return settings

    def override(self, **values: Any) -> Settings:
        """A copy with options of ``[delivery]`` or ``[checks]`` replaced, by values or by text as in the configuration.

        None leaves one as it is. Raises ConfigError for a value that its option does not take.
        """
        given = {name: value for name, value in values.items() if value is not None}
        checks = {name: given.pop(name) for name in option_names(CheckOptions) if name in given}
        origins = {
            **self.origins,
            **{f"delivery.{name}": "given" for name in given},
            **{f"checks.{name}": "given" for name in checks},
        }
        delivery = replace(self.delivery, **given)
        return replace(self, delivery=delivery, checks=replace(self.checks, **checks), origins=origins)

    def with_store(self, name: str, options: StoreOptions) -> Settings:
        """A copy whose links go to the store ``name``, which ``options`` describe."""
        return replace(self, stores={**self.stores, name: options}).override(store=name)

    def origin(self, name: str) -> str:
        """Where ``"section.option"`` came from: a file and section, a variable, ``given`` or ``default``."""
        return self.origins.get(name, "default")

    def _with_variables(self, title: str, environ: Mapping[str, str]) -> Settings:
        values, origins = {}, dict(self.origins)
        for item in fields(_PLAIN[title]):
            variable = f"DELIVERY_{item.name.upper()}"
            if (text := environ.get(variable, "")).strip():
                values[item.name], origins[f"{title}.{item.name}"] = _parse(item, text, variable), variable
        changed: Settings = replace(self, **{title: replace(getattr(self, title), **values)}, origins=origins)
        return changed


def settings_or_found(given: Settings | None) -> Settings:
    """``given``, or what :meth:`Settings.load` finds. Raises UsageError for what is no Settings."""
    if given is None:
        return Settings.load()
    if not isinstance(given, Settings):
        kind = f"the class {given.__name__}" if isinstance(given, type) else f"of the type {type(given).__name__}"
        raise UsageError(  # not shown as it is, since keys may stand in it
            f"settings= is {kind}, and no Settings",
            hint="give Settings.load(), Settings(), or nothing; single options go in by their names, as platform=",
            code="not-settings",
        )
    return given


def configured(settings: Settings | None, options: DeliveryOptions) -> Settings:
    """``settings``, or what :meth:`Settings.load` finds, with the caller's options over them.

    Raises ConfigError for a value that its option does not take, and TypeError for a name that is none.
    """
    return settings_or_found(settings).override(**options)


def find_file(given: str | Path | None, environ: Mapping[str, str]) -> Path | None:
    """The configuration file that applies, or None. Raises ConfigError for a named one that is absent."""
    named = given or environ.get("DELIVERY_CONFIG", "").strip()
    if named:
        path = path_of(named)
        if not _is_file(path):
            raise ConfigError(
                f"{path} is not a file" if os.path.exists(path) else f"the configuration file {path} does not exist",
                hint="check the path, or write one with: delivery init",
                code="config-missing",
            )
        return path
    candidates = (Path("delivery.ini"), places.config_dir(environ) / "config.ini")
    return next((path for path in candidates if _is_file(path)), None)


def _is_file(path: Path) -> bool:
    """Raises ConfigError where that cannot be seen, as in a folder of another user: none is passed over in silence."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> ConfigError:
    hint = "check the permissions there, or name another file with --config"
    return ConfigError(f"the configuration file {path} cannot be read: {error.strerror}", hint=hint)


def _read(path: Path) -> Settings:
    parser = configparser.ConfigParser(interpolation=None, default_section="\0", comment_prefixes=("#", ";"))
    try:
        text = path.read_text(encoding="utf-8-sig")
        if "\0" in text:  # as UTF-16 has it, which Windows' editors also write without a mark
            raise ConfigError(f"{path} is not UTF-8 text", hint="save it as UTF-8")
        parser.read_string(text, source=str(path))
    except configparser.Error as error:  # which quotes the line, and so the key that may stand in it
        hint = "config.example.ini shows the form of every option"
        raise ConfigError(f"{path}: {_without_the_line(error)}", hint=hint) from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text", hint="save it as UTF-8") from error
    except OSError as error:
        raise _unreadable(path, error) from error
    plain: dict[str, Any] = {}
    named: dict[str, dict[str, Any]] = {kind: {} for kind in _NAMED}
    origins: dict[str, str] = {}
    for title in parser.sections():
        kind, colon, name = title.partition(":")
        section = _NAMED.get(kind) if colon and name else _PLAIN.get(title)
        if section is None:
            raise _unknown(f"section [{title}]", title, [*_PLAIN, *(f"{kind}:NAME" for kind in _NAMED)], path)
        value: Any = _section(section, dict(parser[title]), path, title)
        if colon:
            if named[kind].setdefault(name.strip(), value) is not value:
                raise ConfigError(f"{path}: section [{kind}:{name.strip()}] stands there twice", hint="make it one")
        else:
            plain[title] = value
        origins |= {f"{title}.{option}": f"{path} [{title}]" for option in parser[title]}
    _refuse_exposed_keys(path, named["store"])
    return Settings(**plain, stores=named["store"], platforms=named["platform"], file=path, origins=origins)


def _without_the_line(error: configparser.Error) -> str:
    match error:
        case configparser.MissingSectionHeaderError():
            return f"line {error.lineno} stands in no section, such as [delivery]"
        case configparser.ParsingError():
            return f"line {error.errors[0][0]} is neither a [section] nor an option = value"
        case configparser.DuplicateOptionError():
            return f"line {error.lineno}: the option stands in [{error.section}] already"
        case configparser.DuplicateSectionError():
            return f"line {error.lineno}: there is a section [{error.section}] already"
    return " ".join(str(error).split())


def _section(section: type[_Section], texts: dict[str, str], path: Path, title: str) -> _Section:
    known = {item.name: item for item in fields(section)}  # type: ignore[arg-type]
    for name in texts:
        if name not in known:
            shown = repr(name) if _looks_like_a_name(name) else "name before the ="
            raise _unknown(f"option {shown} in [{title}]", name, list(known), path)
        swallowed = next((word for word in _INDENTED.findall(texts[name]) if word in known), None)
        if swallowed:
            raise ConfigError(
                f"{path} [{title}]: {swallowed} is indented, so that it is read as a part of {name}",
                hint="begin each option at the start of its line",
                code="config-value",
            )
    values = {name: _parse(known[name], text, f"{path} [{title}]") for name, text in texts.items() if text.strip()}
    return section(**values)


def _looks_like_a_name(text: str) -> bool:
    """And not like a piece of a key that was pasted over two lines."""
    return len(text) <= 40 and text.replace("-", "_").isidentifier()


def _parse(item: Any, text: str, where: str) -> Any:
    try:
        return item.metadata["parse"](text.strip())
    except ValueError as error:
        shown = "the value" if item.metadata["secret"] else str(error)
        hint = "a comment needs a line of its own" if _COMMENT.search(text) else item.metadata["why"]
        raise ConfigError(f"{where}: {item.name}: {shown}", hint=hint, code="config-value") from None


def _unknown(what: str, name: str, known: list[str], path: Path) -> ConfigError:
    close = nearest(name, known)
    hint = f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(known)}"
    return ConfigError(f"{path}: unknown {what}", hint=hint, code="config-unknown")


def _refuse_exposed_keys(path: Path, stores: Mapping[str, StoreOptions]) -> None:
    secrets = [item.name for item in fields(StoreOptions) if item.metadata["secret"]]
    holds_keys = any(getattr(store, name) for store in stores.values() for name in secrets)
    if holds_keys and os.name == "posix" and path.stat().st_mode & 0o077:
        raise ConfigError(
            f"{path} holds keys and can be read by others",
            hint=f"chmod 600 {path}, or better: leave the keys to the AWS chain (environment, ~/.aws/credentials, SSO)",
            code="config-exposed",
        )


def example() -> str:
    """The text of ``config.example.ini``: every option with its default and one line of why."""
    lines = [
        "# Every option with its default and one line of why. Take out the leading # to change one.",
        "# Found as --config FILE, ./delivery.ini, or config.ini in your configuration folder; see `delivery init`.",
        "# Sizes: 500MB is 500,000,000 bytes, 500MiB is 524,288,000. Durations: 20s, 36h, 7d, 1d12h.",
    ]
    for title, section in _PLAIN.items():
        lines += _example_section(title, section)
    lines += _example_section("store:mine", StoreOptions)
    lines += _example_section("platform:mine", PlatformOptions)
    return "\n".join(lines) + "\n"


def _example_section(title: str, section: type) -> list[str]:
    lines = ["", f"# {' '.join((section.__doc__ or '').split())}", f"[{title}]"]
    for item in fields(section):
        value = item.metadata["example"] or show(item.default)
        lines += [f"# {item.metadata['why']}", f"#{item.name} = {value}".rstrip()]
    return lines

"""Files with one thing wrong or leaky each, and their honest neighbours, by the code that must be found."""

from __future__ import annotations

import io
import struct

from PIL import Image
from PIL.PngImagePlugin import PngInfo
from support import corpus
from support.pdfs import packed


def photo(
    kind: str = "JPEG", *, artist: str = "", gps: bool = False, serial: str = "", note: str = "", xmp: str = ""
) -> bytes:
    exif = Image.Exif()
    if artist:
        exif[0x013B] = artist
    if note:
        exif[0x010E] = note
    if serial:
        exif[0x8769] = {0xA431: serial}
    if gps:
        exif[0x8825] = {1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)}
    options = {"xmp": f"<x:xmpmeta>{xmp}</x:xmpmeta>".encode()} if xmp else {}
    return corpus.picture(kind, exif=exif.tobytes(), **options)


def heic(word: bytes) -> bytes:
    """A picture with a place in it, as phones write it: its list of contents names the EXIF that lies in the data."""
    exif = photo("PNG", gps=True).partition(b"eXIf")[2]
    names = b"".join(
        corpus.box(b"infe", bytes([2, 0, 0, 0]) + struct.pack(">HH", number, 0) + kind + b"\0")
        for number, kind in enumerate((b"hvc1", b"Exif", b"mime"), 1)
    )
    return (
        corpus.box(b"ftyp", b"heic" + bytes(4) + b"mif1heic")
        + corpus.box(b"meta", bytes(4) + corpus.box(b"iinf", bytes(4) + struct.pack(">H", 3) + names))
        + corpus.box(b"mdat", struct.pack(">I", len(word)) + word + exif[: exif.index(b"IDAT")] + corpus.noise(500))
    )


def iptc(field: int, text: bytes) -> bytes:
    record = b"\x1c\x02" + bytes([field]) + struct.pack(">H", len(text)) + text
    block = (
        b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(record)) + record + b"\0" * (len(record) % 2)
    )
    data = corpus.picture("JPEG")
    return data[:2] + b"\xff\xed" + struct.pack(">H", len(block) + 2) + block + data[2:]


def png_text(**fields: str) -> bytes:
    text = PngInfo()
    for key, value in fields.items():
        text.add_text(key, value)
    return corpus.picture("PNG", pnginfo=text)


def raw_profile() -> bytes:
    """A place as ImageMagick keeps it where it makes a PNG of a photo."""
    exif = b"Exif\0\0" + Image.open(io.BytesIO(photo(gps=True))).info["exif"].removeprefix(b"Exif\0\0")
    digits = exif.hex()
    lines = [digits[at : at + 72] for at in range(0, len(digits), 72)]
    text = PngInfo()
    text.add_text("Raw profile type exif", f"\nexif\n{len(exif):8d}\n" + "\n".join(lines) + "\n", zip=True)
    return corpus.picture("PNG", pnginfo=text)


def commented(text: bytes) -> bytes:
    data = corpus.picture("JPEG")
    return data[:2] + b"\xff\xfe" + struct.pack(">H", len(text) + 2) + text + data[2:]


def user_comment(text: bytes) -> bytes:
    exif = Image.Exif()
    exif[0x8769] = {0x9286: b"ASCII\0\0\0" + text}
    return corpus.picture("JPEG", exif=exif.tobytes())


TAGGED = ("mp3", "flac", "opus", "wav", "m4a", "mov", "mkv", "avi")


def tagged(kind: str, text: bytes) -> bytes:
    """Sound and video with a comment among their tags, each in its own way."""
    if kind == "mp3":
        frame = b"\1\xff\xfe" + text.decode().encode("utf-16-le")
        frame = b"COMM" + struct.pack(">I", len(frame)) + b"\0\0" + frame
        return b"ID3\3\0\0\0\0" + bytes(divmod(len(frame), 128)) + frame + corpus.mp3()[20:]
    if kind in ("flac", "opus"):
        listed = (b"COMMENT=" + text, b"TITLE=" + b"y" * (ord("A") - len("TITLE=")))
        tags = struct.pack("<I3sI", 3, b"me ", 2) + b"".join(struct.pack("<I", len(item)) + item for item in listed)
        if kind == "flac":
            return b"fLaC\4" + struct.pack(">I", len(tags))[1:] + tags + corpus.flac()[4:]
        return corpus.ogg()[:43] + b"OpusTags" + tags + corpus.ogg()[51 + len(tags) :]
    if kind in ("wav", "avi"):
        text += b"\0" * (len(text) % 2)
        piece = b"INFOICMT" + struct.pack("<I", len(text)) + text + b"ISFT" + struct.pack("<I", 4) + b"Lavf"
        data = (corpus.wav() if kind == "wav" else corpus.avi()) + b"LIST" + struct.pack("<I", len(piece)) + piece
        return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]
    if kind == "mkv":
        return matroska(text)
    if kind == "mov":
        return film(inside=corpus.box(b"\xa9cmt", struct.pack(">HH", len(text), 0x55C4), text))
    comment = corpus.box(b"\xa9cmt", corpus.box(b"data", bytes(8), text))
    return film(inside=corpus.box(b"meta", bytes(4), corpus.box(b"hdlr", bytes(25)), corpus.box(b"ilst", comment)))


def docx(core: str = "", app: str = "", body: str = "<w:p><w:t>Work</w:t></w:p>", **more: bytes) -> bytes:
    parts = {
        "[Content_Types].xml": b"<Types/>",
        "word/document.xml": f"<w:document>{body}</w:document>".encode(),
        "docProps/core.xml": f"<c>{core}</c>".encode(),
        "docProps/app.xml": f"<p>{app}</p>".encode(),
    }
    return corpus.zipped(
        {**parts, **{f"word/{name}" if "." in name else f"word/{name}.xml": data for name, data in more.items()}}
    )


TEMPLATE = (
    b'<Relationships><Relationship Id="rId1" Type="http://x/attachedTemplate" '
    b'Target="file:///C:\\Users\\jane\\Templates\\acme.dotm" TargetMode="External"/></Relationships>'
)
FOLDER = b'<workbook><x15ac:absPath url="C:\\Users\\jane\\Documents\\Acme\\" xmlns:x15ac="x"/><sheets/></workbook>'


def notes(text: str, number: str = "") -> bytes:
    """A presentation as PowerPoint makes it once somebody has looked at the notes: there may be nothing in them."""
    shape = '<p:sp><p:nvPr><p:ph {} idx="1"/></p:nvPr><p:txBody><a:p>{}</a:p></p:txBody></p:sp>'
    body = shape.format('type="body"', f"<a:r><a:t>{text}</a:t></a:r>" if text else '<a:endParaRPr lang="en-US"/>')
    counted = shape.format('type="sldNum"', f'<a:fld type="slidenum"><a:t>{number}</a:t></a:fld>' if number else "")
    parts = {"ppt/presentation.xml": b"<p/>", "ppt/notesSlides/notesSlide1.xml": f"<p:notes>{body}{counted}".encode()}
    return corpus.zipped(parts)


def slides(*roots: str) -> bytes:
    """A presentation of slides that begin so."""
    parts = {f"ppt/slides/slide{number}.xml": f"{root}<p:cSld/>".encode() for number, root in enumerate(roots, 1)}
    return corpus.zipped({"ppt/presentation.xml": b"<p/>", **parts})


def style(name: str, kind: str, properties: str) -> str:
    inside = f"<style:{kind}-properties {properties}/>"
    return f'<style:style style:name="{name}" style:family="{kind}">{inside}</style:style>'


def open_document(body: str, *styles: str) -> bytes:
    styled = f"<office:automatic-styles>{''.join(styles)}</office:automatic-styles>"
    return corpus.zipped({"content.xml": f"<office:document-content>{styled}{body}".encode()})


def slide(notes: str = "<draw:text-box/>", by: str = "dp1") -> bytes:
    """A slide and its notes as Impress writes them: there is always a frame for these."""
    frame = f'<draw:frame presentation:class="notes" presentation:placeholder="true">{notes}</draw:frame>'
    number = (
        '<draw:frame presentation:class="page-number"><draw:text-box><text:p><text:page-number>&lt;number&gt;'
        "</text:page-number></text:p></draw:text-box></draw:frame>"
    )
    page = f'<draw:page draw:name="page1" draw:style-name="{by}"><draw:text-box><text:p>Work</text:p></draw:text-box>'
    return open_document(
        f"{page}<presentation:notes>{frame}{number}</presentation:notes></draw:page>",
        style("dp1", "drawing-page", 'presentation:background-visible="true"'),
        style("dp2", "drawing-page", 'presentation:visibility="hidden" presentation:background-visible="true"'),
    )


def sheets(*tables: tuple[str, str]) -> bytes:
    """A spreadsheet as Calc writes it: the last style is always there, for what is kept of other documents."""
    return open_document(
        "".join(f'<table:table table:name="{name}" table:style-name="{by}">1' for name, by in tables),
        style("ta1", "table", 'table:display="true" style:writing-mode="lr-tb"'),
        style("ta2", "table", 'table:display="false" style:writing-mode="lr-tb"'),
        style("ta_extref", "table", 'table:display="false"'),
    )


def workbook(sheets: str, **more: bytes) -> bytes:
    parts = {"xl/workbook.xml": f"<workbook><sheets>{sheets}</sheets></workbook>".encode()}
    return corpus.zipped({**parts, **{f"xl/{name}.xml": data for name, data in more.items()}})


def rtf(info: bytes, text: bytes = b" Finished work.") -> bytes:
    fonts = b"{\\fonttbl{\\f0\\fswiss Arial;}}" + b"{\\stylesheet{Normal;}}" + b"{\\info%s}" % info
    return b"{\\rtf1\\ansi\\ansicpg1252" + fonts + text + b"\\par }"


def pdf(**options: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (30, 30), "red").save(out, "PDF", **options)
    return out.getvalue()


def marked(annotation: bytes) -> bytes:
    """A PDF with something on its page."""
    return packed(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Annots[4 0 R]>>",
        b"<</Type/Annot/Rect[0 0 9 9]/P 3 0 R%s>>" % annotation,
    )


def place(text: bytes) -> bytes:
    """A video as a phone writes it, with where it was taken."""
    return film(inside=corpus.box(b"\xa9xyz", struct.pack(">HH", len(text), 0x15C7), text))


def apple_place(text: bytes) -> bytes:
    keys = corpus.box(b"keys", struct.pack(">II", 0, 1), corpus.box(b"mdta", b"com.apple.quicktime.location.ISO6709"))
    value = corpus.box(b"\0\0\0\1", corpus.box(b"data", struct.pack(">II", 1, 0), text))
    return corpus.box(b"meta", bytes(4), keys, corpus.box(b"ilst", value))


def loci(east: int, north: int) -> bytes:
    """The same as ffmpeg and 3GPP phones write it."""
    degrees = struct.pack(">iii", east << 16, north << 16, 0)
    return film(inside=corpus.box(b"loci", bytes(8), degrees, b"earth\0\0"))


def film(inside: bytes = b"", behind: bytes = b"") -> bytes:
    index = corpus.box(b"moov", corpus.box(b"mvhd", bytes(100)), corpus.box(b"udta", inside))
    return corpus.box(b"ftyp", b"mp42", bytes(4)) + index + corpus.box(b"mdat", bytes(400)) + behind


def matroska(*texts: bytes) -> bytes:
    """A video with its tags behind it, as mkvmerge leaves them."""
    named = (corpus.element(b"\x45\xa3", b"TAG") + corpus.element(b"\x44\x87", text) for text in texts)
    tags = corpus.element(b"\x12\x54\xc3\x67", b"".join(corpus.element(b"\x67\xc8", item) for item in named))
    return corpus.matroska(b"matroska") + tags


def postscript(comments: bytes, behind: bytes = b"") -> bytes:
    """Line art as Illustrator saves it."""
    head = b"%!PS-Adobe-3.0 EPSF-3.0\r\n%%BoundingBox: 0 0 9 9\r\n" + comments + b"\r\n%%EndComments\r\n"
    return head + behind + b"\r\nshowpage\r\n%%EOF\r\n"


PROJECT = b"<x:xmpmeta><r creatorAtom:uncProjectPath='C:\\Users\\jane\\Acme\\spot.prproj'/></x:xmpmeta>"
XMP_BOX = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


def token(kind: str) -> bytes:
    """Made from pieces, so that no scanner takes this file for a leak."""
    letters = "Zk9Qw3Rt7Yp2Lm5Nb8Vc4Xd6Hg1Js0Fa7Ue2Io5TqW4yB9nM3cK8"
    shapes = {
        "aws": "AKIA" + "QZ7WKT3YJ2XN5RVB",
        "github": "ghp" + "_" + letters[:36],
        "slack": "xoxb" + "-123456789012-" + letters[:24],
        "stripe": "sk" + "_live_" + letters[:24],
        "google": "AIza" + letters[:35],
        "key": "-----BEGIN RSA PRIVATE" + " KEY-----\n" + "MIIEpAIBAAKCAQEA7x" * 6 + "\n",
    }
    return shapes[kind].encode()


PNG = corpus.picture("PNG")
JPG = corpus.picture("JPEG")

CASES: dict[str, tuple[dict[str, bytes], dict[str, bytes]]] = {
    # code: (files that must be found, files that must not)
    "stock-name": (
        {
            "Depositphotos_12345_xl.jpg": JPG,
            "shutterstock_99.png": PNG,
            "AdobeStock_123.jpeg": JPG,
            "gettyimages-12.jpg": JPG,
            "iStock-1234.jpg": JPG,
            "freepik_hero.png": PNG,
            "envato-elements-logo.png": PNG,
            "envatoelements_logo.png": PNG,
            "getty-1234.jpg": JPG,
        },
        {
            "getty villa.jpg": JPG,
            "stockholm.jpg": JPG,
            "livestock.png": PNG,
            "overstocked.jpg": JPG,
            "alamyra.png": PNG,
        },
    ),
    "reference-name": (
        {
            "reference.jpg": JPG,
            "Client_Ref 2.png": PNG,
            "moodboard.webp": corpus.picture("WEBP"),
            "final/references/a.jpg": JPG,
        },
        {
            "API reference.pdf": pdf(),
            "reference.txt": b"x",
            "refined.png": PNG,
            "preferences.jpg": JPG,
            "references/final/b.jpg": JPG,
        },
    ),
    "stock-metadata": (
        {
            "a.jpg": photo(artist="Jane / Shutterstock"),
            "b.jpg": photo(xmp="<photoshop:Credit>Getty Images</photoshop:Credit>"),
            "c.jpg": iptc(110, b"Depositphotos"),
            "d.png": png_text(Source="Adobe Stock"),
            "e.webp": photo("WEBP", note="iStockphoto"),
        },
        {"f.jpg": photo(note="Stockholm at night"), "g.jpg": iptc(110, b"Own work")},
    ),
    "draft-name": (
        {
            "logo_draft.png": PNG,
            "logo-WIP.jpg": JPG,
            "preview.png": PNG,
            "final_final.png": PNG,
            "Copy of logo.png": PNG,
            "logo - Copy.png": PNG,
            "logo - Kopie (2).png": PNG,
            "watermarked.jpg": JPG,
        },
        {
            "aircraft.png": PNG,
            "wiped.jpg": JPG,
            "finalist.png": PNG,
            "photocopy of.png": PNG,
            "Landing page copy.pdf": pdf(),
            "previewer.jpg": JPG,
        },
    ),
    "older-version": (
        {"logo_v1.png": PNG, "cover-v2.jpg": JPG, "page v09.png": PNG},
        {
            "logo_v3.png": PNG,
            "cover-v3.jpg": JPG,
            "page v10.png": PNG,
            "only_v1.png": PNG,
            "img_1.png": PNG,
            "img_2.png": PNG,
        },
    ),
    "secret-file": (
        {
            ".env": b"A=b\n",
            "id_rsa": b"x",
            "keys.p12": b"\x30\x82",
            "credentials.json": b"{}",
            "wp-config.php": b"<?php",
            "site.zip": corpus.zipped({"a/.env": b""}),
        },
        {
            ".env.example": b"A=\n",
            "id_rsa.pub": b"ssh-rsa AAAA",
            ".env.local.example": b"A=\n",
            "sample.env": b"A=\n",
            "environment.txt": b"green",
            "wp-config-sample.php": b"<?php",
            "s.zip": corpus.zipped({"a.txt": b"x"}),
        },
    ),
    "secret-in-text": (
        {
            "a.py": b"KEY = '" + token("aws") + b"'\n",
            "b.js": b"const t = '" + token("github") + b"'",
            "c.txt": token("key"),
            "d.yml": b"token: " + token("slack") + b"\n",
            "e.php": b"$k = '" + token("stripe") + b"';",
            "f.html": b"<script>k='" + token("google") + b"'",
            "g.ini": b"db_password = kX9#mP2vQ7tL4wZr\n",
            "h.zip": corpus.zipped({"inner.zip": corpus.zipped({"conf.ini": token("github")})}),
            "i.txt": b"postgres://app:v7Kq2mXz9TbR@db.studio.net/x\n",
            "r.py": b"AWS_SECRET_ACCESS_KEY = 'kX9mP2vQ7tL4wZrB8nC1dF6gH3jK5sT0yU2aE9iO'\n",
            "s.js": b"new S3({ secretAccessKey: 'kX9mP2vQ7tL4wZrB8nC1dF6gH3jK5sT0yU2aE9iO' })\n",
            "t.php": b"define( 'DB_PASSWORD', 'kX9#mP2vQ7tL4wZr' );\n",
            "w.js.map": b'{"sourcesContent": ["const apiKey = ' + rb"\"kX9mP2vQ7tL4wZrB8nC1\";\n" + b'"]}',
            "y.ipynb": b'{"source": ["{' + rb"\"api_key\": \"kX9mP2vQ7tL4wZrB8nC1\"" + b'}"]}',
        },
        {
            "x.map": b'{"sourcesContent": ["const apiKey = ' + rb"\"{{ key }}\";" + b'"]}',
            "j.py": b"KEY = 'AKIAIOSFODNN7EXAMPLE'\n",
            "k.py": b"password = 'changeme'\n",
            "l.js": b"token = process.env.TOKEN_FOR_ME_123\n",
            "m.ini": b"password = <your password>\n",
            "n.txt": b"https://user:password@example.com/\n",
            "o.py": b"token = request.headers['x']\n",
            "u.php": b"define( 'DB_PASSWORD', 'password_here' );\n",
            "v.php": b"$fields = ['token', 'created_at', 'users_of_2024'];\n",
            "p.txt": b"-----BEGIN PUBLIC KEY-----\n" + b"MIIB" * 20,
            "q.json": b'{"integrity": "sha512-' + b"Zk9Qw3Rt7Yp2" * 6 + b'=="}',
        },
    ),
    "gps": (
        {
            "a.jpg": photo(gps=True),
            "b.webp": photo("WEBP", gps=True),
            "c.png": photo("PNG", gps=True),
            "d.tif": photo("TIFF", gps=True),
            "e.mp4": place(b"+52.5200+013.4050/"),
            "f.jpg": photo(xmp='<r exif:GPSLatitude="52,31.2N"/>'),
            "j.heic": heic(b"Exif\0\0"),
            "k.heic": heic(b""),
            "l.mp4": loci(13, 52),
            "o.docx": docx(**{"media/image1.jpeg": photo(gps=True)}),
            "m.png": raw_profile(),
            "u.zip": corpus.zipped({"trip/a.jpg": photo(gps=True), "b.txt": b"x"}),
            "s.jpg": photo(xmp="<r exif:GPSLatitude='52,31.2N'/>"),
            "p.mkv": matroska(b"Work", b"+52.5200+013.4050/"),
            "t.webm": matroska(b"+37.7858-122.4064+012.345/"),
        },
        {
            "g.jpg": JPG,
            "h.mp4": place(b""),
            "n.mp4": loci(0, 0),
            "r.jpg": photo(xmp='<r exif:GPSLatitude="0,0.0N" exif:GPSLongitude="0,0.0E"/>'),
            "q.mkv": matroska(b"Room +52.5+013.4"),
            "i.jpg": photo(note="52.5200, 13.4050 is a number"),
            "v.zip": corpus.zipped({"trip/a.jpg": JPG, "b.txt": b"x"}),
        },
    ),
    "serial-number": (
        {"a.jpg": photo(serial="0123456789"), "b.jpg": photo(xmp='<r aux:SerialNumber="012345"/>')},
        {"c.jpg": photo(serial="0000"), "d.jpg": JPG},
    ),
    "personal-metadata": (
        {
            "a.jpg": photo(artist="Jane Roe"),
            "b.docx": docx(core="<dc:creator>Jane Roe</dc:creator>"),
            "c.docx": docx(app="<Company>Roe Ltd</Company>"),
            "q.eps": postscript(rb"%%For: (Jane \(JR\) Roe) ()"),
            "r.ai": postscript(b"%%Title: a", b"<x:xmpmeta><dc:creator>Jane Roe</dc:creator></x:xmpmeta>"),
            "p.dotx": docx(core="<dc:creator>Jane Roe</dc:creator>"),
            "d.pdf": pdf(author="Jane Roe"),
            "e.png": png_text(Author="Jane Roe"),
            "f.jpg": photo(xmp="<dc:creator><rdf:Seq><rdf:li>Jane Roe</rdf:li></rdf:Seq></dc:creator>"),
            "g.jpg": iptc(80, b"Jane Roe"),
            "k.rtf": rtf(rb"{\author Jane Roe}"),
            "l.rtf": rtf(rb"{\operator Jane Roe}"),
            "m.doc": rtf(rb"{\*\company Roe Ltd}"),
            "t.zip": corpus.zipped({"offer.pdf": pdf(author="Jane Roe")}),
        },
        {
            "n.rtf": rtf(rb"{\author }{\operator Microsoft Office User}{\*\company}{\title Jane Roe}"),
            "o.rtf": rtf(b"", rb" Write \{\\author Jane Roe\} for it. "),
            "h.docx": docx(core="<dc:creator>Microsoft Office User</dc:creator>"),
            "i.pdf": pdf(title="Work", author="anonymous"),
            "u.zip": corpus.zipped({"offer.pdf": pdf(author="anonymous")}),
            "j.docx": docx(),
            "s.eps": postscript(b"%%Creator: Jane Roe\r\n%%For: (Administrator)", b"%%For: Jane Roe"),
        },
    ),
    "review-traces": (
        {
            "a.docx": docx(comments=b'<w:comments><w:comment w:id="0"/></w:comments>'),
            "b.docx": docx(body='<w:p><w:ins w:id="1" w:author="J"><w:t>x</w:t></w:ins></w:p>'),
            "an.zip": corpus.zipped({"a.docx": docx(comments=b'<w:comments><w:comment w:id="0"/></w:comments>')}),
            "e.odt": corpus.zipped(
                {"content.xml": b"<p>x<office:annotation office:name='1'>y</office:annotation></p>"}
            ),
            "o.pdf": marked(b"/Subtype/Text/Contents(ask for more)"),
            "p.pdf": marked(b"/Subtype/StrikeOut"),
            "q.pdf": marked(b"/Subtype/FileAttachment/FS<</F(costs.xlsx)>>"),
            "f.pptx": notes("ask for more"),
            "g.xlsx": workbook('<sheet name="Front" sheetId="1"/><sheet name="Costs" sheetId="2" state="hidden"/>'),
            "h.xlsx": workbook('<sheet state="veryHidden" name="Costs" sheetId="2"/>'),
            "i.xlsx": workbook('<sheet name="A"/>', comments1=b'<comments><comment ref="A1"/></comments>'),
            "u.pptx": slides("<p:sld>", '<p:sld xmlns:a="x" show="0" showMasterSp="1">'),
            "v.odp": slide("<draw:text-box><text:p/><text:p><text:span>ask for more</text:span></text:p>"),
            "w.odp": slide(by="dp2"),
            "x.ods": sheets(("Front", "ta1"), ("Costs", "ta2")),
            "y.ods": open_document("<p>1<office:annotation>x</office:annotation>"),
            "z.odt": open_document("<text:changed-region><text:insertion><office:change-info>"),
            "aa.docx": docx(body='<w:p><w:moveFrom w:id="1" w:author="J"><w:t>x</w:t></w:moveFrom></w:p>'),
            "ab.rtf": rtf(b"", rb" Work {\*\atnauthor J}\chatn {\*\annotation{\*\atnref 0}\pard more }"),
            "ac.rtf": rtf(b"", rb" Work {\revised\revauth1\revdttm-2015295488 more}"),
            "ad.doc": rtf(b"", rb" Work {\deleted\revauthdel1 more}"),
            "ak.ppsx": notes("ask for more"),
            "am.docx": docx(footnotes=b'<w:footnotes><w:footnote><w:del w:id="1" w:author="J">'),
            "al.xltx": workbook('<sheet name="Costs" sheetId="2" state="hidden"/>'),
            "n.pptx": corpus.zipped(
                {"ppt/presentation.xml": b"<p/>", "ppt/comments/comment1.xml": b'<p:cmLst><p:cm idx="1"/></p:cmLst>'}
            ),
        },
        {
            "c.docx": docx(),
            "d.docx": docx(body="<w:p><w:t>w:ins</w:t></w:p>"),
            "j.docx": docx(comments=b"<w:comments></w:comments>"),
            "r.pdf": marked(b"/Subtype/Text/Contents( )"),
            "s.pdf": marked(b"/Subtype/Link/A<</S/URI/URI(https://example.com/Text)>>"),
            "t.pdf": marked(b"/Subtype/Widget/FT/Tx/T(Text)/V(Comment)"),
            "k.pptx": notes(""),
            "l.pptx": notes(" ", number="12"),
            "ae.pptx": slides('<p:sld show="1">', '<p:sld showMasterSp="0"><p:x show="0"/>'),
            "af.odp": slide(),
            "ag.odp": slide(
                '<draw:text-box><text:p text:style-name="P1"> </text:p></draw:text-box><svg:title>Notes</svg:title>'
            ),
            "ah.ods": sheets(("hidden", "ta1"), ("'file:///srv/a.ods'#$A", "ta_extref")),
            "ai.odt": open_document("<text:tracked-changes/><p>office:annotation office:change-info</p>"),
            "aj.rtf": rtf(
                b"", rb" Write \{\\*\\annotation, \\revised or \\deleted.{\*\revtbl{Unknown;}{J;}}\revised0 "
            ),
            "m.xlsx": workbook('<sheet name="hidden" sheetId="1" state="visible"/><sheet name="state" r:id="rId2"/>'),
        },
    ),
    "local-path": (
        {
            "a.mtl": b"map_Kd C:\\Users\\jane\\tex.png\n",
            "b.svg": b'<svg a="/home/janeroe/x.png"></svg>',
            "c.html": b'<img src="file:///C:/Users/jane/x.png">',
            "d.png": png_text(Comment="/Users/jane/Desktop/x.psd"),
            "h.mp4": film(behind=corpus.box(b"uuid", XMP_BOX, PROJECT)),
            "l.pdf": pdf(title="file:///C:/Users/jane/Acme/offer.html"),
            "m.eps": postscript(rb"%%Title: (C:\\Users\\jane\\Acme\\logo.eps)"),
            "n.eps": postscript(rb"%%Title: C:\Users\jane\Acme\logo.eps"),
            "i.mov": film(inside=corpus.box(b"XMP_", PROJECT)),
            "j.xlsx": corpus.zipped({"xl/workbook.xml": FOLDER}),
            "k.docx": docx(**{"_rels/settings.xml.rels": TEMPLATE}),
        },
        {
            "e.html": b"<p>Put it into /home/user/x or /Users/you/y</p>",
            "f.txt": b"/home/jane/x",
            "g.svg": b"<svg></svg>",
        },
    ),
    "contact-in-name": (
        {
            "ask jane@roe.studio.png": PNG,
            "call +49 170 1234567.png": PNG,
            "jane at gmail dot com.png": PNG,
            "tel_01701234567.png": PNG,
            "@janeroe.png": PNG,
            "logo by @jane_roe.png": PNG,
        },
        {
            "icon@2x.png": PNG,
            "icon @2x.png": PNG,
            "@types/a.png": PNG,
            "20260115_123456.png": PNG,
            "IMG_1234567890123.jpg": JPG,
            "meet at noon.png": PNG,
        },
    ),
    "contact-inside": (
        {
            "a.txt": b"Contact me at jane@roe.studio\n",
            "b.txt": b"WhatsApp: +49 170 1234567\n",
            "c.txt": b"jane (at) roe (dot) com\n",
            "d.docx": docx(body="<w:p><w:t>Mail: jane.roe@gmail.com</w:t></w:p>"),
            "e.jpg": photo(note="jane.roe@gmail.com"),
            "f.html": b"<p>write me: jane@roe.studio</p>",
            "g.txt": b"find me on t.me/janeroe\n",
            "t.txt": b"Instagram: @jane.roe\n",
            "u.txt": b"I am @janeroe on Instagram.\n",
            "v.txt": b"Follow me @janeroe\n",
            "h.pdf": pdf(keywords="jane.roe@gmail.com"),
            "o.jpg": commented(b"jane.roe@gmail.com"),
            **{f"r.{kind}": tagged(kind, b"jane.roe@gmail.com") for kind in TAGGED},
            "p.jpg": user_comment(b"jane.roe@gmail.com"),
            "q.jpg": photo(xmp='<r Iptc4xmpCore:CiTelWork="+49 170 123 45 67"/>'),
        },
        {
            "i.txt": b"git@github.com:a/b.git\n",
            "j.html": b'<a href="mailto:info@bakery.com">info@bakery.com</a>',
            "k.txt": b"12 + 1234567890\n",
            "l.md": b"Copyright Jane <jane@roe.studio>\n",
            "m.txt": b"Look at the dot in the com box.\n",
            **{f"s.{kind}": tagged(kind, b"(C) 2026 Roe Studio 123 ") for kind in TAGGED},
            "n.txt": b"user@example.com\n",
            "x.mov": place(b"+37.7858-122.4064+012.345/"),
            "y.mkv": matroska(b"+37.7858-122.4064+012.345/"),
            "z.mov": film(inside=apple_place(b"+37.7858-122.4064+012.345/")),
            "w.js": b"/** Follow me closely.\n * @param x of instagram\n * @media on twitterless */\n",
        },
    ),
    "missing-asset": (
        {
            "a.html": b'<img src="img/gone.png">',
            "b.obj": b"mtllib gone.mtl\n",
            "c.mtl": b"map_Kd gone.png\n",
            "d.gltf": b'{"buffers": [{"uri": "gone.bin"}]}',
            "e.html": b'<link rel="stylesheet" href="gone.css">',
            "j.svg": b'<svg><image width="9" xlink:href="links/gone.jpg"/></svg>',
        },
        {
            "f.html": b'<img src="here.png"><script src="https://x.org/a.js"></script><a href="gone.html">',
            "here.png": PNG,
            "g.obj": b"mtllib h.mtl\n",
            "h.mtl": b"map_Kd here.png\n",
            "k.svg": b'<svg><image href="here.png"/><image href="data:image/png;base64,AA"/></svg>',
            "i.html": b"<img src='data:image/png;base64,AA=='><img src='{{ x.png }}'>",
        },
    ),
    "deceptive-name": (
        {"invoice.pdf.exe": b"x", "photo\u202egnp.scr": b"x", "pic.jpg        .bat": b"x", "a\u200bb.png": PNG},
        {"jquery.min.js": b"x", "archive.tar.gz": corpus.tar("w:gz"), "v1.2.pdf": pdf(), "types.d.ts": b"x"},
    ),
    "name-breaks": (
        {"aux.txt": b"x", "con": b"x", "what?.txt": b"x", "a:b.txt": b"x", "end .": b"x"},
        {"auxiliary.txt": b"x", "console.txt": b"x", "Übung 中文.txt": b"x", ".htaccess": b"x"},
    ),
    "hostile-archive": (
        {"a.zip": corpus.zipped({"../../x": b"x"}), "b.zip": corpus.zipped({"/etc/x": b"x"})},
        {"c.zip": corpus.zipped({"a/../b.txt": b"x"}), "d.zip": corpus.zipped({"..a/b": b"x"})},
    ),
    "content-mismatch": (
        {"a.png": JPG, "b.pdf": corpus.zipped({"a": b"x"}), "c.mp4": corpus.wav(), "d.txt": PNG},
        {"e.png": PNG, "f.ai": pdf(), "g.docx": corpus.ole(), "h.xyz": JPG},
    ),
    "blocked-content": (
        {"a.pdf": b"MZ" + bytes(80), "b.jpg": b"\x7fELF" + bytes(80)},
        {"c.exe": b"MZ" + bytes(80), "d.bin": b"\x7fELF" + bytes(80), "e.txt": b"MZ is how it begins"},
    ),
}

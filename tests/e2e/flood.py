"""flood - a book of many buyers and a feed that fails them one by one."""
import hashlib
import json
import uuid

from house import ROOT


def alert_id(obligor):
    """As the contract computes it."""
    raw = bytearray(hashlib.blake2b("\x1f".join(
        ["EXP-1", obligor, "insolvency", "1"]).encode(),
        digest_size=16).digest())
    raw[6] = raw[6] & 0x0F | 0x80
    raw[8] = raw[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(raw)))


def make_book(folder, buyers):
    """One exporter with an order at each of so many buyers."""
    folder.mkdir()
    (folder / "schemes.csv").write_text(
        (ROOT / "tests/demo/book/schemes.csv").read_text())
    (folder / "exporters.csv").write_text(
        "exporter_id,uscc,name\nEXP-1,91440300MADEM0001U,Demo\n")
    (folder / "policies.csv").write_text(
        "policy_id,scheme_id,exporter_id,status,picked_up_on,issued_on\n"
        "POL-1,SZ2022,EXP-1,effective,2022-06-17,2022-06-22\n")
    (folder / "obligors.csv").write_text(
        "obligor_id,type,name,country,ids\n" + "".join(
            "OB-%03d,buyer,Buyer %d,AE,sinosure:ARE/%06d\n" % (i, i, i)
            for i in range(buyers)))
    (folder / "follows.csv").write_text("exporter_id,obligor_id\n" + "".join(
        "EXP-1,OB-%03d\n" % i for i in range(buyers)))
    (folder / "shipments.csv").write_text(
        "shipment_id,exporter_id,obligor_id,amount,currency,payment_term,etd,"
        "status\n" + "".join(
            "SH-%03d,EXP-1,OB-%03d,1000.00,USD,OA,2022-12-30,ready\n" % (i, i)
            for i in range(buyers)))


def document(n):
    """The bureau says that the first n of them are insolvent."""
    return "".join(json.dumps({
        "msg_no": "HB-%06d" % i, "typ": "WARN", "ereignis": "INSO-EROEFF",
        "subj_no": "ARE/%06d" % i, "subj_name": "Buyer %d" % i, "land": "AE",
        "ereignis_am": "2022-12-23", "ts": "2022-12-27T01:05:40Z"}) + "\n"
        for i in range(n)).encode()

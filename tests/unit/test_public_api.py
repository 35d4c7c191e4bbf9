from __future__ import annotations

import delivery


def test_every_public_name_can_be_had() -> None:
    for name in delivery.__all__:
        assert getattr(delivery, name) is not None, name


def test_the_lazy_table_and_the_list_of_names_agree() -> None:
    assert set(delivery.__all__) == {*" ".join(delivery._ROOMS.values()).split(), "__version__"}
    assert dir(delivery) == sorted(delivery.__all__)

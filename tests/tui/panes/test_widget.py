"""The widget of all panes: drawing, selection of text, scrolling."""

from textual.geometry import Offset
from textual.selection import Selection

from tests.tui.frames import console, frame
from tui.panes.widget import Pane


async def test_every_line_is_exactly_as_wide_as_the_pane() -> None:
    app, _ = console()
    async with app.run_test(size=(97, 31)) as pilot:
        await pilot.pause()
        for pane in app.dashboard.panes.values():
            for y in range(pane.size.height):
                assert pane.render_line(y).cell_length == pane.size.width, pane.id


async def test_no_segment_is_without_a_background() -> None:
    app, _ = console()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        for pane in app.dashboard.panes.values():
            for y in range(pane.size.height):
                assert all(segment.style and segment.style.bgcolor for segment in pane.render_line(y)), (
                    pane.id
                )


async def test_text_can_be_selected_with_the_mouse_and_copied() -> None:
    app, _ = console()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        await pilot.hover("#cost", offset=(3, 1))
        await pilot.mouse_down("#cost", offset=(2, 1))
        await pilot.hover("#cost", offset=(10, 1))
        await pilot.mouse_up("#cost", offset=(10, 1))
        await pilot.pause()
        assert "so far" in (app.screen.get_selected_text() or "")
        assert "rate now" not in (app.screen.get_selected_text() or "")


async def test_a_selection_is_drawn_and_taken_from_the_rows() -> None:
    app, _ = console()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        pane = app.dashboard.panes["cost"]
        plain = pane.render_line(0)
        selection = Selection(Offset(0, 0), Offset(6, 0))
        app.screen.selections = {pane: selection}
        pane.selection_updated(selection)
        marked = pane.render_line(0)
        assert marked.text == plain.text
        assert [segment.style for segment in marked] != [segment.style for segment in plain]
        assert pane.get_selection(selection) == ("so far", "\n")


async def test_offsets_are_paid_for_only_under_the_mouse() -> None:
    app, _ = console()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        pane = app.dashboard.panes["cost"]

        def has_offsets() -> bool:
            return any(segment.style and segment.style.meta for segment in pane.render_line(0))

        assert not has_offsets()
        await pilot.hover("#cost", offset=(5, 2))
        await pilot.pause()
        assert has_offsets()
        await pilot.hover("#flow", offset=(5, 2))
        await pilot.pause()
        assert not has_offsets()


async def test_the_wheel_scrolls_and_stops_at_the_ends() -> None:
    app, _ = console()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        pane: Pane = app.dashboard.panes["regions"]
        first = pane.drawn_rows[0].key
        for _ in range(20):
            pane.on_mouse_scroll_down(None)  # type: ignore[arg-type]
        await pilot.pause()
        assert pane.drawn_rows[-1].key == pane.keys()[-1]
        for _ in range(20):
            pane.on_mouse_scroll_up(None)  # type: ignore[arg-type]
        await pilot.pause()
        assert pane.drawn_rows[0].key == first


async def test_the_border_counts_the_rows_below() -> None:
    app, _ = console()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        regions = app.dashboard.panes["regions"]
        hidden = len(regions.keys()) - len([row for row in regions.drawn_rows if row.key])
        assert regions.border_subtitle == f"▾ {hidden} more · 20 ready of 28"
        assert "more" not in str(app.dashboard.panes["flow"].border_subtitle)


async def test_moving_in_an_empty_pane_does_nothing() -> None:
    app, _ = console("empty")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("j", "G", "pagedown")
        assert app.dashboard.pane.view.selected == ""
        assert app.dashboard.pane.selected_text() == ""


async def test_a_hidden_pane_catches_up_when_it_is_shown() -> None:
    app, source = console("quiet")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("2", "z")
        await pilot.pause()
        source.push(frame("busy"))
        await pilot.pause()
        await pilot.press("escape")
        await pilot.pause()
        assert any(row.key == "app-17" for row in app.dashboard.panes["regions"].drawn_rows)

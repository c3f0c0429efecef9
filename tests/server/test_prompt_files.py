"""`tracia prompts`: a server's prompts as files, both ways, with two people at work."""

import os
import subprocess

import pytest

import harness


@pytest.fixture
def shell(server, tmp_path):
    """Runs the command in a folder of its own; (exit code, stdout, stderr)."""

    def run(*arguments, folder=tmp_path):
        done = subprocess.run([str(harness.BINARY), "prompts", *arguments], cwd=folder, capture_output=True, text=True,
                              timeout=harness.DEADLINE, env=os.environ | {
                                  "TRACIA_BASE_URL": server.url, "TRACIA_API_KEY": harness.KEY})
        return done.returncode, done.stdout, done.stderr

    return run


def content(text):
    return [{"id": "msg_1", "role": "user", "content": text}]


def change(api, prompt, text):
    return api.put(f"/api/v1/prompts/{prompt['slug']}", {"content": content(text)}).json


def test_what_is_pulled_can_be_edited_and_pushed(api, prompt, shell, tmp_path):
    slug = prompt["slug"]
    code, out, _ = shell("pull", slug)
    assert code == 0 and f"{slug}: version 1" in out
    file = tmp_path / "prompts" / f"{slug}.toml"
    text = file.read_text()
    assert 'content = "Say hello to {{name}}"' in text and "version = 1" in text
    assert shell("push", slug)[2].startswith("0 pushed, 1 unchanged")
    file.write_text(text.replace("Say hello to", "Greet"))
    code, out, _ = shell("push", slug, "--dry-run")
    assert code == 0 and '+ content = "Greet {{name}}"' in out
    assert shell("push", slug, "--note", "kinder")[0] == 0
    stored = api.get(f"/api/v1/prompts/{slug}").json
    assert (stored["currentVersion"], stored["content"][1]["content"]) == (2, "Greet {{name}}")
    assert stored["versions"][0]["note"] == "kinder"
    assert "version = 2" in file.read_text()
    assert shell("pull", slug)[2].startswith("0 pulled, 1 unchanged")


def test_what_changed_there_alone_is_pulled(api, prompt, shell, tmp_path):
    shell("pull", prompt["slug"])
    change(api, prompt, "Wave at {{name}}")
    code, out, _ = shell("push", prompt["slug"])
    assert code == 0 and "pull it" in out
    assert shell("pull", prompt["slug"])[0] == 0
    assert "Wave at" in (tmp_path / "prompts" / f"{prompt['slug']}.toml").read_text()


def test_a_conflict_is_shown_and_nothing_is_lost(api, prompt, shell, tmp_path):
    slug = prompt["slug"]
    shell("pull", slug)
    file = tmp_path / "prompts" / f"{slug}.toml"
    file.write_text(file.read_text().replace("Say hello", "Say goodbye"))
    change(api, prompt, "Wave at {{name}}")
    for command in ("push", "pull"):
        code, out, err = shell(command, slug)
        assert code == 1 and "CONFLICT" in out and "1 in conflict" in err
        assert "Say goodbye" in out and "Wave at" in out
    assert "Say goodbye" in file.read_text()
    assert api.get(f"/api/v1/prompts/{slug}").json["currentVersion"] == 2
    assert shell("push", slug, "--force")[0] == 0
    assert api.get(f"/api/v1/prompts/{slug}").json["currentVersion"] == 3


def test_a_new_file_makes_a_prompt_and_a_deleted_prompt_is_not_made_again_by_itself(api, shell, tmp_path, unique):
    folder = tmp_path / "prompts"
    folder.mkdir()
    (folder / f"{unique}.toml").write_text(
        f'slug = "{unique}"\nname = "New"\nmodel = "gpt-4o"\n[[messages]]\nrole = "user"\ncontent = "Hi"\n')
    assert "made, version 1" in shell("push", unique)[1]
    code, out, err = shell("run", unique)
    assert code == 0 and out.strip() and "version 1" in err
    api.delete(f"/api/v1/prompts/{unique}")
    code, out, _ = shell("push", unique)
    assert code == 1 and "deleted on the server" in out
    assert shell("push", unique, "--force")[0] == 0


def test_mistakes_in_a_file_are_named_and_the_others_go_on(api, prompt, shell, tmp_path):
    shell("pull", prompt["slug"])
    bad = tmp_path / "prompts" / "aaa.toml"
    bad.write_text('slug = "aaa"\nname = "A"\nmodle = "x"\n')
    code, _, err = shell("push")
    assert code == 1 and "modle is no member of a prompt file" in err and "1 unchanged, 1 failed" in err
    code, _, err = shell("push", "nothing-here")
    assert code == 1 and "nothing-here" in err


def test_prompts_are_listed_for_people_and_for_programs(prompt, shell):
    assert prompt["slug"] in shell("list")[1]
    assert f'"slug":"{prompt["slug"]}"' in shell("list", "--json")[1]

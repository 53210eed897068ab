"""Secrets and repositories, for new boxes and for running ones."""

from ascii_box_sdk.models.create_box_request import CreateBoxRequest
from ascii_box_sdk.models.repo_selection_request import RepoSelectionRequest
from ascii_box_sdk.models.secret_file import SecretFile
from ascii_box_sdk.models.secrets_update_request import SecretsUpdateRequest

from harness import every_page, refused, shows

VARIABLES = "SDK_TOKEN=one two\nSDK_OTHER='3'\n"
FILE = SecretFile(path=".config/tool/token", contents="in a file\n")


def has_secrets(fixture, box_id):
    return fixture.output(box_id, 'echo "$SDK_TOKEN, $SDK_OTHER, $(cat ~/.config/tool/token)"') == "one two, 3, in a file"


def secrets(fixture):
    with fixture.new_box() as first, fixture.new_box() as second:
        answer = fixture.box.update_secrets(SecretsUpdateRequest(env_contents=VARIABLES, secret_files=[FILE]))
        shows("update_secrets pushes to both running boxes", answer.pushed, {"updated": 2, "failed": 0})
        shows("commands there see them", [has_secrets(fixture, first), has_secrets(fixture, second)], [True, True])
        stored = fixture.box.secrets()
        shows("secrets has all that was sent", (stored.env_contents, stored.secret_files), (VARIABLES, [FILE]))
        with fixture.new_box() as later:
            shows("a new box has them", has_secrets(fixture, later))
            shows("env shows the variable", "SDK_TOKEN=one two" in fixture.output(later, "env").splitlines())
        without_secrets(fixture)
        fixture.stop(second)
        answer = fixture.box.update_secrets(SecretsUpdateRequest(env_contents="", secret_files=[]))
        shows("a stopped box isn't pushed to", answer.pushed, {"updated": 1, "failed": 0})
        shows("what isn't sent is gone", fixture.output(first, 'echo "<$SDK_TOKEN>"'), "<>")
        shows("files too", fixture.output(first, "test -e ~/.config/tool/token || echo gone"), "gone")
    body = {"secretFiles": [{"path": "../outside", "contents": ""}]}
    refused("a secret file outside of the home directory", 400, "invalid_secret_file", fixture.call, "POST", "/secrets", body)


def without_secrets(fixture):
    if "no_env" not in CreateBoxRequest.model_fields:
        return  # An SDK from before there were such boxes.
    with fixture.new_box(no_env=True, env={"OWN": "1"}) as box_id:
        shows("a box with no_env has its own only", fixture.output(box_id, 'echo "<$SDK_TOKEN> $OWN"'), "<> 1")


def repositories(fixture):
    def all_of(page):
        return [repository for group in page.installations for repository in group.repositories]

    names = [f"first-{fixture.login}", f"second-{fixture.login}"]
    ids = {repository.name: repository.database_id for repository in all_of(fixture.box.repos(sync=True))}
    shows("repos lists those that boxd has", [name in ids for name in names], [True, True])
    shows("repos page by page has each once", sorted(one.name for one in every_page(fixture.box.repos, all_of)), sorted(ids))
    shows("repos(q=)", [one.name for one in all_of(fixture.box.repos(q=names[1].upper()))], names[1:])
    selected = fixture.box.select_repo(RepoSelectionRequest(repository_id=ids[names[0]], base_branch="next"))
    shows("select_repo", [(one.name, one.base_branch) for one in selected.selected_repositories], [(names[0], "next")])
    shows("repos(selected=True)", [one.name for one in all_of(fixture.box.repos(selected=True))], names[:1])
    with fixture.new_box() as box_id:
        shows("a new box has a clone", fixture.output(box_id, f"cat ~/{names[0]}/WHERE"), f"next of {names[0]}")
        branch = fixture.output(box_id, f"git -C ~/{names[0]} branch --show-current")
        shows("with its base branch checked out", branch, "next")
        shows("the other isn't there", fixture.output(box_id, f"test -e ~/{names[1]} || echo no"), "no")
    again = fixture.box.select_repo(RepoSelectionRequest(repository_id=ids[names[0]]))
    shows("selecting again changes the branch", [one.base_branch for one in again.selected_repositories], ["main"])
    unknown = RepoSelectionRequest(repository_id="repo_unknown")
    refused("a repository that isn't there", 404, "not_found", fixture.box.select_repo, unknown)


THEMES = [secrets, repositories]

"""me, limits, and the life of API keys."""

from ascii_box_sdk.models.api_key_create_request import ApiKeyCreateRequest

from harness import refused, shows


def the_account(fixture):
    shows("me is the account of the key", fixture.box.me().user.login, fixture.login)
    limits = fixture.box.limits()
    shows("limits: nothing is in the way of a box", (limits.can_start, limits.start_blocked_reason), (True, None))
    with fixture.new_box():
        shows("limits counts active boxes", fixture.box.limits().active_boxes, limits.active_boxes + 1)
    refused("a key that nobody has", 401, "unauthorized", fixture.client("box_" + "0" * 64).me)
    refused("no key", 401, "unauthorized", fixture.client(None).boxes)


def api_keys(fixture):
    made = fixture.box.create_api_key(ApiKeyCreateRequest(name="ci"))
    # The SDK parses this response only when the status is 201, and returns None for another.
    shows("create_api_key returns the secret once", made is not None and made.secret.startswith("box_"))
    key = made.api_key
    shows("its id and hints", (key.name, key.id[:4], key.key_last_four), ("ci", "sak_", made.secret[-4:]))
    shows("the new key works", fixture.client(made.secret).me().user.login, fixture.login)
    listed = fixture.box.api_keys()
    shows("api_keys lists it, without its secret", (key.id in [one.id for one in listed.api_keys], listed.secret), (True, None))

    rotated = fixture.box.rotate_api_key(key.id)
    refused("the secret from before rotate_api_key", 401, "unauthorized", fixture.client(made.secret).me)
    shows("the one from after it", fixture.client(rotated.secret).me().user.login, fixture.login)

    left = fixture.box.delete_api_key(key.id)
    shows("delete_api_key answers with those that are left", key.id in [one.id for one in left.api_keys], False)
    refused("a deleted key", 401, "unauthorized", fixture.client(rotated.secret).me)
    refused("delete_api_key twice", 404, "not_found", fixture.box.delete_api_key, key.id)
    refused("rotate_api_key of a deleted key", 404, "not_found", fixture.box.rotate_api_key, key.id)
    refused("an API key without a name", 400, "invalid_name", fixture.call, "POST", "/api-keys", {"name": " "})


THEMES = [the_account, api_keys]

"""The server's success responses as literal text."""

from harness import ID

URLS = '"url":"https://example-box.on.ascii.dev","ip":"203.0.113.10"'
DESKTOP = '"desktopAvailable":true,"desktopUrl":"https://example-desktop.on.ascii.dev/stream.html?hostId=h&token=t0k"'
NO_DESKTOP = '"desktopAvailable":false,"desktopUrl":null'
SNAPSHOT = '"snapshotAvailable":true,"snapshotCompletedAt":"2026-05-28T16:39:33.012Z"'
TIMES = ('"createdAt":"2026-05-28T16:00:33.143Z","updatedAt":"2026-05-28T16:00:39.535Z",'
         '"archiveAfter":"2026-05-28T17:00:33.162Z"')


def box_json(state, box_id=ID, name="Box 2026-05-28 16:00"):
    """A box with every documented field."""
    where, desktop = (URLS, DESKTOP) if state in ("ready", "idle", "running") else ('"url":null,"ip":null', NO_DESKTOP)
    return f'{{"id":"{box_id}","name":"{name}","state":"{state}",{where},{desktop},{SNAPSHOT},{TIMES}}}'


def info(state):
    return f'{{"ok":true,"type":"box.info","box":{box_json(state)}}}'


CREATED = (f'{{"ok":true,"type":"box.created","id":"{ID}","status":"provisioning","ttlSeconds":3600,'
           f'"box":{box_json("provisioning")}}}')
QUOTAS = '{"activeBoxes":5,"creationRatePerMinute":10,"creationRequestsPerDay":null}'
TRIAL = '{"activeBoxes":1,"creationRatePerMinute":2,"creationRequestsPerDay":3}'
LIMIT_FIELDS = (
    '"activeBoxes":2,"maxActiveBoxes":5,"maxCreationRequestsPerMinute":10,"maxCreationRequestsPerDay":null,'
    '"activeStates":["provisioned","cloning","ready","idle","running"],"hasSubscription":true,'
    '"hasPaymentHistory":true,"billingStatus":"active","subscriptionStatus":"active",'
    '"subscriptionCancelAtPeriodEnd":false,"subscriptionTrialEndsAt":null,'
    '"subscriptionCurrentPeriodEnd":"2026-06-28T00:00:00.000Z","checkoutRequired":false,"canStart":true,'
    '"startBlockedReason":null,"blockedReason":null,"accessTier":"standard","creditBalanceSeconds":3600,'
    '"subscriptionQuotaSeconds":360000,"subscriptionRemainingSeconds":180000.5,"packBalanceSeconds":0,'
    '"creditPurchasedSeconds":0,"creditUsedSeconds":12,"liveUsageSeconds":0,"creditSecondsPerDollar":1800,'
    '"package":{"dollars":10,"seconds":18000,"secondsPerDollar":1800},'
    f'"currentLimits":{QUOTAS},"standardLimits":{QUOTAS},"trialLimits":{TRIAL},'
    '"upgradeEffects":{"startTrial":{"canCreate":true,"activeBoxes":1,"creationRequestsPerDay":3,"note":"n"},'
    '"endTrialOrFirstPayment":{"activeBoxes":5,"creationRequestsPerDay":null,"note":"n"},'
    '"pack":{"seconds":18000,"persistsAcrossMonths":true,"note":"n"}},"contactMessage":"Write to us."'
)


def chat_event(event_id, kind, data, task="09690a68-5aee-4b35-a2e7-eb1b64e3e104", timestamp=1779986896114):
    return f'{{"id":"{event_id}","taskId":"{task}","type":"{kind}","timestamp":{timestamp},"data":{data}}}'


def events(*items, more="false", cursor="null"):
    page = f'{{"hasMore":{more},"limit":100,"nextCursor":{cursor}}}'
    return f'{{"ok":true,"type":"events.list","id":"{ID}","events":[{",".join(items)}],"pageInfo":{page}}}'
